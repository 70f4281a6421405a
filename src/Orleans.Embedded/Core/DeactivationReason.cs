namespace Orleans;

/// <summary>Why an activation is deactivated.</summary>
public readonly struct DeactivationReason
{
    /// <param name="code">The kind of reason.</param>
    /// <param name="text">The reason in words.</param>
    public DeactivationReason(DeactivationReasonCode code, string text)
        : this(code, null, text)
    {
    }

    /// <param name="code">The kind of reason.</param>
    /// <param name="exception">What was thrown, if that is the reason.</param>
    /// <param name="text">The reason in words.</param>
    public DeactivationReason(DeactivationReasonCode code, Exception? exception, string text)
    {
        ReasonCode = code;
        Exception = exception;
        Description = text;
    }

    /// <summary>The reason in words.</summary>
    public string Description { get; }

    /// <summary>The kind of reason.</summary>
    public DeactivationReasonCode ReasonCode { get; }

    /// <summary>What was thrown, if that is the reason.</summary>
    public Exception? Exception { get; }

    /// <inheritdoc/>
    public override string ToString() =>
        Exception is null ? $"{ReasonCode}: {Description}" : $"{ReasonCode}: {Description}. Exception: {Exception}";
}

/// <summary>The kind of reason for a deactivation. The embedded engine gives only those that say so.</summary>
[GenerateSerializer]
#pragma warning disable CA1028 // Upstream's underlying type.
public enum DeactivationReasonCode : byte
#pragma warning restore CA1028
{
    /// <summary>No reason.</summary>
    None,

    /// <summary>The silo stops gracefully (given here).</summary>
    ShuttingDown,

    /// <summary><see cref="Grain.OnActivateAsync"/> threw (given here).</summary>
    ActivationFailed,

    /// <summary>The grain directory failed.</summary>
    DirectoryFailure,

    /// <summary>No request for the collection age (given here).</summary>
    ActivationIdle,

    /// <summary>The activation does not respond.</summary>
    ActivationUnresponsive,

    /// <summary>Another activation of the grain exists.</summary>
    DuplicateActivation,

    /// <summary>A request cannot be handled by this process.</summary>
    IncompatibleRequest,

    /// <summary>The application failed.</summary>
    ApplicationError,

    /// <summary>The grain called <c>DeactivateOnIdle</c> (given here).</summary>
    ApplicationRequested,

    /// <summary>The activation moves to another silo (given here).</summary>
    Migrating,

    /// <summary>The runtime asked for it.</summary>
    RuntimeRequested,

    /// <summary>Memory runs out.</summary>
    HighMemoryPressure,
}
