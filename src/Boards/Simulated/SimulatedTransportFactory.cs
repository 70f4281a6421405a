using Halo.Fabric.Simulated;
using Halo.Fabric.Transport;
using Halo.Planning.Assignment;
using Halo.Planning.Importance;

namespace Halo.Boards.Simulated;

/// <summary>Connects boards of one process through memory that they share, as if their links lost what is sent over them.</summary>
/// <param name="loss">What is lost.</param>
/// <param name="importance">What calibration found, by the models' names.</param>
/// <param name="models">The models.</param>
public sealed class SimulatedTransportFactory(
    SimulatedLoss loss, IReadOnlyDictionary<string, ModelImportance> importance, ModelCatalog models) : ITransportFactory
{
    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The fill needs an importance that is not known.</exception>
    public IReadOnlyList<ITransport> Connect(Plan plan, FabricSize size)
    {
        LoadedModel model = models.Open(plan.Model);
        ModelImportance? known = importance.GetValueOrDefault(plan.Model) ?? model.Importance;
        IStageStandIn? standIn = loss.Fill is StageFill.Mean or StageFill.LowRank && known is not null
            ? new ImportanceStandIn(known, model.Weights, plan, loss.Fill == StageFill.LowRank)
            : null;
        int head = plan.Boards.ToList().IndexOf(plan.HeadBoard);
        InProcessFabric fabric = new(size, spin: Environment.ProcessorCount > 1, plan.Boards, new SimulatedLosses(size, head, loss, standIn));
        return [.. Enumerable.Range(0, size.BoardCount).Select(fabric.Connect)];
    }
}
