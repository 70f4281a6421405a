namespace Orleans.Runtime;

/// <summary>One activation of a grain, as the grain and the tests see it.</summary>
public interface IGrainContext
{
    /// <summary>A reference to the grain.</summary>
    public GrainReference GrainReference { get; }

    /// <summary>The grain's type and key.</summary>
    public GrainId GrainId { get; }

    /// <summary>The grain instance, null before it is constructed.</summary>
    public object? GrainInstance { get; }

    /// <summary>The services of this activation: a scope of its silo's.</summary>
    public IServiceProvider ActivationServices { get; }

    /// <summary>Completes when the grain has deactivated.</summary>
    public Task Deactivated { get; }

    /// <summary>Starts deactivating once running requests are done.</summary>
    public void Deactivate(DeactivationReason deactivationReason, CancellationToken cancellationToken = default);

    /// <summary>Starts moving to the silo that the placement director names, once running requests are done.</summary>
    /// <param name="requestContext">What the director sees as request context, for a placement hint.</param>
    /// <param name="cancellationToken">Reserved, as nothing here is worth giving up half-way.</param>
    public void Migrate(Dictionary<string, object>? requestContext, CancellationToken cancellationToken = default);
}
