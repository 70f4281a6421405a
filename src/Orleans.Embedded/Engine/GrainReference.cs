using System.Reflection;

namespace Orleans.Runtime;

/// <summary>A reference to a grain through one of its interfaces. Upstream generates these at build time; here a
/// <see cref="DispatchProxy"/> does it at run time.</summary>
#pragma warning disable CA1852 // DispatchProxy derives from it.
internal class GrainReference : DispatchProxy, IAddressable
#pragma warning restore CA1852
{
    private GrainFactory? _factory; // set right after construction, which DispatchProxy does without arguments

    internal GrainId GrainId { get; private set; }

    internal static GrainReference Create(Type interfaceType, GrainId grainId, GrainFactory factory)
    {
        var reference = (GrainReference)Create(interfaceType, typeof(GrainReference));
        (reference.GrainId, reference._factory) = (grainId, factory);
        return reference;
    }

    public override bool Equals(object? obj) => obj is GrainReference other && GrainId == other.GrainId;

    public override int GetHashCode() => GrainId.GetHashCode();

    public override string ToString() => GrainId.ToString();

    /// <summary>Makes the call. Inside a grain it belongs to that grain's silo, wherever the reference came from.</summary>
    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) =>
        GrainMethod.Of(targetMethod!).Call(ActivationScheduler.CurrentActivation?.Silo.GrainFactory ?? _factory!, GrainId, args ?? []);
}
