using Halo.Fabric.Transport;
using Halo.Planning.Assignment;

namespace Halo.Boards;

/// <summary>Connects boards of one process through memory that they share.</summary>
public sealed class InProcessTransportFactory : ITransportFactory
{
    /// <inheritdoc/>
    public IReadOnlyList<ITransport> Connect(Plan plan, FabricSize size)
    {
        // Step threads are never more than cores (see StepRunner), so each may spin for the short time that it spins at all.
        InProcessFabric fabric = new(size, spin: Environment.ProcessorCount > 1, plan.Boards);
        return [.. Enumerable.Range(0, size.BoardCount).Select(fabric.Connect)];
    }
}
