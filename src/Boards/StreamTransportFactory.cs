using Halo.Fabric.Streams;
using Halo.Fabric.Transport;
using Halo.Planning.Assignment;

namespace Halo.Boards;

/// <summary>Connects boards of one process through TCP on the loopback.</summary>
/// <param name="options">Topology and wire type.</param>
public sealed class StreamTransportFactory(StreamOptions options) : ITransportFactory
{
    /// <inheritdoc/>
    public IReadOnlyList<ITransport> Connect(Plan plan, FabricSize size) =>
        LoopbackStreams.Connect(plan.Boards, plan.Boards.ToList().IndexOf(plan.HeadBoard), size, options);
}
