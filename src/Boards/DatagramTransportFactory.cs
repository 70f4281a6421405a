using Halo.Fabric.Datagrams;
using Halo.Fabric.Transport;
using Halo.Planning.Assignment;

namespace Halo.Boards;

/// <summary>Connects boards of one process through UDP on the loopback.</summary>
/// <param name="options">Topology, wire type and policy.</param>
public sealed class DatagramTransportFactory(DatagramOptions options) : ITransportFactory
{
    /// <inheritdoc/>
    public IReadOnlyList<ITransport> Connect(Plan plan, FabricSize size) =>
        LoopbackDatagrams.Connect(plan.Boards, plan.Boards.ToList().IndexOf(plan.HeadBoard), size, options);
}
