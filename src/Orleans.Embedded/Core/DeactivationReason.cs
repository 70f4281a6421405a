namespace Orleans;

/// <summary>As upstream: why an activation is deactivated.</summary>
/// <param name="code">The kind of reason.</param>
/// <param name="text">The reason in words.</param>
#pragma warning disable CA1815 // Upstream's shape: no equality.
public readonly struct DeactivationReason(DeactivationReasonCode code, string text)
#pragma warning restore CA1815
{
    /// <summary>The kind of reason.</summary>
    public DeactivationReasonCode ReasonCode { get; } = code;

    /// <summary>The reason in words.</summary>
    public string Description { get; } = text;
}

/// <summary>As upstream: the kind of reason. The others of upstream's do not arise here.</summary>
#pragma warning disable CA1028 // Upstream's underlying type.
public enum DeactivationReasonCode : byte
#pragma warning restore CA1028
{
    /// <summary>No reason.</summary>
    None = 0,

    /// <summary>The silo stops gracefully.</summary>
    ShuttingDown = 1,

    /// <summary>No request for the collection age.</summary>
    ActivationIdle = 4,

    /// <summary>The grain called <c>DeactivateOnIdle</c>.</summary>
    ApplicationRequested = 9,

    /// <summary>The activation moves to another silo.</summary>
    Migrating = 10,
}
