using Orleans.Runtime;

namespace Orleans;

/// <summary>As upstream: the base class of grains. One activation runs one request at a time unless an attribute says otherwise.</summary>
public abstract class Grain : IAddressable
{
    /// <summary>Takes the activation that constructs the grain.</summary>
    protected Grain() =>
        Activation = ActivationScheduler.CurrentActivation ?? throw new InvalidOperationException("Grains are constructed by the runtime.");

    internal Activation Activation { get; }

    /// <summary>Gives references to other grains.</summary>
    protected IGrainFactory GrainFactory => Activation.Silo.GrainFactory;

    /// <summary>Runs before the first request; when it throws, the requests that wait for it fail.</summary>
    public virtual Task OnActivateAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Runs after the last request, unless the silo dies.</summary>
    public virtual Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Deactivates the grain once its running requests are done; the next request activates it again.</summary>
    protected void DeactivateOnIdle() =>
        Activation.Deactivate(DeactivationReasonCode.ApplicationRequested, "DeactivateOnIdle was called.");

    /// <summary>Asks the placement director again, with the current request context, and moves there once running requests end.</summary>
    protected void MigrateOnIdle() => _ = Activation.MigrateAsync(RequestContext.Current);
}
