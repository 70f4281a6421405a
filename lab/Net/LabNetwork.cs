using Halo.Lab.Model;

namespace Halo.Lab.Net;

/// <summary>What all links of a network have carried together.</summary>
/// <param name="Packets">Packets sent.</param>
/// <param name="Bytes">Their bytes, IP headers included.</param>
/// <param name="Lost">Lost at random or in bad periods.</param>
/// <param name="Dropped">Dropped by full queues.</param>
/// <param name="Overflows">Times the router itself had no room; above 0 the figures of a run are not those of its model.</param>
public readonly record struct TrafficTotal(long Packets, long Bytes, long Lost, long Dropped, long Overflows);

/// <summary>
/// Boards as network namespaces on this machine, joined by an emulator of links. Starts without impairments. Disposing it takes everything down; what
/// a laboratory that was killed has left is taken down by the next one.
/// </summary>
public sealed class LabNetwork : IDisposable
{
    private readonly NetworkModel _model;
    private readonly Router _router;

    private LabNetwork(NetworkNamespace[] boards, NetworkModel model, Router router)
    {
        Boards = boards;
        _model = model;
        _router = router;
    }

    /// <summary>The boards' namespaces: board n of 1, 2, … is the entry n - 1, with the address 10.77.0.n.</summary>
    public IReadOnlyList<NetworkNamespace> Boards { get; }

    /// <summary>Whether the router has real-time priority; without it short delays are met less exactly.</summary>
    public bool IsRealTime => _router.IsRealTime ?? false;

    /// <summary>What all links have carried since the start.</summary>
    public TrafficTotal Traffic
    {
        get
        {
            long packets = 0, bytes = 0, lost = 0, dropped = 0;
            for (int from = 0; from < Boards.Count; from++)
            {
                for (int to = 0; to < Boards.Count; to++)
                {
                    LinkCounters link = _model.CountersOf(from, to);
                    packets += link.Packets;
                    bytes += link.Bytes;
                    lost += link.Lost;
                    dropped += link.Dropped;
                }
            }

            return new TrafficTotal(packets, bytes, lost, dropped, _router.Overflows);
        }
    }

    /// <summary>Makes the network.</summary>
    /// <param name="boardCount">Boards, 2 to 64.</param>
    /// <param name="seed">Seed of all that happens at random.</param>
    /// <exception cref="LabException">This process may not, or the kernel refused; nothing is left behind.</exception>
    public static LabNetwork Create(int boardCount, ulong seed)
    {
        if (LabRights.Missing() is { } missing)
        {
            throw new LabException(missing);
        }

        foreach (string stale in NetworkNamespace.FindStale())
        {
            NetworkNamespace.Remove(stale);
        }

        NetworkModel model = new(boardCount, seed);
        List<NetworkNamespace> boards = [];
        try
        {
            for (int number = 1; number <= boardCount; number++)
            {
                boards.Add(NetworkNamespace.Create(number));
            }

            return new LabNetwork([.. boards], model, new Router([.. boards.Select(board => board.Device)], model));
        }
        catch
        {
            boards.ForEach(board => board.Dispose());
            throw;
        }
    }

    /// <summary>Changes the network while it runs, between two packets.</summary>
    /// <param name="change">Gets the model and the time of the change, in nanoseconds.</param>
    /// <exception cref="ArgumentException">The new settings have faults.</exception>
    public Task ChangeAsync(Action<NetworkModel, long> change) => _router.ChangeAsync(change);

    /// <summary>Stops the router and takes all namespaces down.</summary>
    public void Dispose()
    {
        _router.Dispose();
        foreach (NetworkNamespace board in Boards)
        {
            board.Dispose();
        }
    }
}
