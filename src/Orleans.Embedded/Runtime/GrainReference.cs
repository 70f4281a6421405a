using System.Reflection;

namespace Orleans.Runtime;

/// <summary>A reference to a grain through one of its interfaces. Upstream generates these at build time; here a
/// <see cref="DispatchProxy"/> does it at run time.</summary>
public class GrainReference : DispatchProxy, IAddressable, IEquatable<GrainReference>
{
    private GrainFactory? _factory; // set right after construction, which DispatchProxy does without arguments

    /// <summary>Type and key of the grain.</summary>
    public GrainId GrainId { get; private set; }

    internal static GrainReference Create(Type interfaceType, GrainId grainId, GrainFactory factory)
    {
        var reference = (GrainReference)Create(interfaceType, typeof(GrainReference));
        (reference.GrainId, reference._factory) = (grainId, factory);
        return reference;
    }

    internal GrainReference Cast(Type interfaceType) =>
        interfaceType.IsInstanceOfType(this) ? this : Create(interfaceType, GrainId, _factory!);

    /// <inheritdoc/>
    public bool Equals(GrainReference? other) => other is not null && GrainId == other.GrainId;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as GrainReference);

    /// <inheritdoc/>
    public override int GetHashCode() => GrainId.GetHashCode();

    /// <inheritdoc/>
    public override string ToString() => GrainId.ToString();

    /// <summary>Makes the call. Inside a grain it belongs to that grain's silo, wherever the reference came from.</summary>
    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) =>
        ((RuntimeContext.Current as Activation)?.Silo.GrainFactory ?? _factory!).Invoke(GrainId, targetMethod!, args ?? []);
}
