using Orleans.Runtime;

namespace Orleans;

/// <summary>Identity of grains and references.</summary>
public static class GrainExtensions
{
    /// <summary>A reference to this grain through the given interface.</summary>
    public static TGrainInterface AsReference<TGrainInterface>(this IAddressable grain) =>
        (TGrainInterface)(object)(grain switch
        {
            GrainReference reference => reference.Cast(typeof(TGrainInterface)),
            IGrainBase instance => instance.GrainContext.GrainReference.Cast(typeof(TGrainInterface)),
            _ => throw NeitherGrainNorReference(grain),
        });

    /// <inheritdoc cref="AsReference{TGrainInterface}"/>
    public static TGrainInterface Cast<TGrainInterface>(this IAddressable grain) => grain.AsReference<TGrainInterface>();

    /// <summary>Type and key of the grain.</summary>
    public static GrainId GetGrainId(this IAddressable grain) => grain switch
    {
        GrainReference reference => reference.GrainId,
        IGrainBase instance => instance.GrainContext.GrainId,
        _ => throw NeitherGrainNorReference(grain),
    };

    /// <summary>The key of the grain.</summary>
    public static string GetPrimaryKeyString(this IAddressable grain) => grain.GetGrainId().Key.ToString();

    private static ArgumentException NeitherGrainNorReference(IAddressable grain) =>
        new($"{grain?.GetType().FullName ?? "null"} is neither a grain nor a grain reference.", nameof(grain));
}
