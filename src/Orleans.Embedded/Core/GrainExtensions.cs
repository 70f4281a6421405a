using Orleans.Runtime;

namespace Orleans;

/// <summary>As upstream: identity of grains and references.</summary>
public static class GrainExtensions
{
    /// <summary>Type and key of the grain.</summary>
    public static GrainId GetGrainId(this IAddressable grain) => grain switch
    {
        GrainReference reference => reference.GrainId,
        Grain instance => instance.Activation.GrainId,
        _ => throw new ArgumentException($"{grain?.GetType().FullName ?? "null"} is neither a grain nor a reference.", nameof(grain)),
    };

    /// <summary>The key of the grain.</summary>
    public static string GetPrimaryKeyString(this IAddressable grain) => grain.GetGrainId().Key;
}
