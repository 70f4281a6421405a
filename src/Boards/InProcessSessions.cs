using Halo.Boards.Steps;
using Halo.Planning.Assignment;

namespace Halo.Boards;

/// <summary>Joins boards that are all in this process.</summary>
/// <param name="host">The boards.</param>
/// <param name="transports">How they exchange partial sums.</param>
public sealed class InProcessSessions(BoardHost host, ITransportFactory transports) : IStepSessions
{
    /// <inheritdoc/>
    public Task<StepRunner> OpenAsync(LoadedModel model, Plan plan) => Task.Run(() => host.FindRunner(plan) ?? host.StartRunner(
        model, plan, () => transports.Connect(plan, FabricSizes.Of(model.Weights.Config, model.Limits, plan.Boards.Count))));
}
