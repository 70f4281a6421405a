using Halo.Fabric.Datagrams;
using Halo.Fabric.Streams;
using Halo.Fabric.Streams.Sessions;
using Halo.Fabric.Transport;
using Halo.Fabric.Wire;
using Halo.Inference.Model;

namespace Halo.Boards.Remote;

/// <summary>How boards of several processes exchange partial sums; the same on all boards of a session.</summary>
/// <param name="Topology">Who sends them to whom.</param>
/// <param name="WireType">How they travel.</param>
/// <param name="Datagrams">What datagrams do against loss; null where streams carry the sums.</param>
public sealed record SessionTransport(Topology Topology, WireType WireType, DeliveryPolicy? Datagrams = null)
{
    /// <summary>Whether partial sums go through layer grains instead, for comparison: where every board is a silo. Streams carry all else.</summary>
    public bool ThroughGrains { get; init; }

    /// <summary>See <see cref="DatagramOptions.CriticalBoards"/>.</summary>
    public int CriticalBoards { get; init; } = 1;

    /// <summary>See <see cref="DatagramOptions.CriticalStages"/>.</summary>
    public IReadOnlyList<int>? CriticalStages { get; init; }

    /// <summary>See <see cref="DatagramOptions.DeadlineLimit"/>.</summary>
    public TimeSpan DeadlineLimit { get; init; } = TimeSpan.FromMilliseconds(50);

    private static readonly TimeSpan s_portTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Makes a board's end. With datagrams it waits for the other boards, which do the same.</summary>
    /// <param name="place">The board's place in the plan's order.</param>
    /// <param name="head">The head board's place.</param>
    /// <param name="names">The boards' names.</param>
    /// <param name="connections">Connections by place, owned from here on.</param>
    /// <param name="size">Sizes of buffers.</param>
    /// <param name="udpPort">The board's own port for datagrams.</param>
    /// <param name="onLost">Called once, with the place and the reason, when a board is lost.</param>
    /// <exception cref="StreamConnectException">A board did not answer; the message names it.</exception>
    /// <exception cref="DatagramsBlockedException">Datagrams do not pass between this board and another.</exception>
    /// <exception cref="StepException">The board's own port cannot be had.</exception>
    internal ITransport Connect(
        int place, int head, IReadOnlyList<string> names, IReadOnlyList<StreamConnection?> connections, FabricSize size, UdpPort udpPort,
        Action<int, string>? onLost = null)
    {
        bool spin = Environment.ProcessorCount > 1;
        if (Datagrams is null)
        {
            return new StreamTransport(place, head, names, connections, size, new StreamOptions(Topology, WireType), spin, onLost);
        }

        try
        {
            return DatagramPorts.Connect(
                place, head, names, connections, size, DatagramOptions(), spin, s_portTimeout, onLost, udpPort);
        }
        catch (IOException fault)
        {
            throw new StepException($"Board {names[place]}: {fault.Message}");
        }
    }

    private DatagramOptions DatagramOptions() =>
        new(Topology, WireType, Datagrams!.Value) { CriticalBoards = CriticalBoards, CriticalStages = CriticalStages, DeadlineLimit = DeadlineLimit };
}
