using Halo.Fabric.Datagrams.Format;
using Halo.Fabric.Datagrams.Links;
using Halo.Fabric.Streams;

namespace Halo.Fabric.Datagrams;

/// <summary>
/// One board's protocol with all others: what to send when. It has no socket, no clock and no thread: every call says what time it is, in
/// microseconds on a clock that never goes back. Not safe for threads; allocates nothing a datagram.
/// </summary>
internal sealed class DatagramCore : IRelay, IDisposable
{
    // All that others may have on the way here should fit a receive buffer of the usual size, which holds about 180 datagrams.
    private const int ChunksOnTheWay = 128;
    private const int FewestOnTheWay = 8;

    private readonly DatagramLink?[] _links; // by place
    private readonly IDatagramSink _sink;
    private readonly bool _canRelay;
    private int _turn; // third boards take turns: their own links may be bad

    /// <param name="place">This board's place.</param>
    /// <param name="keys">Keys by place; null for this board, and for those that it does not speak with.</param>
    /// <param name="options">What is done against loss.</param>
    /// <param name="sink">Sends datagrams.</param>
    /// <param name="receiver">Takes what comes.</param>
    internal DatagramCore(int place, IReadOnlyList<DatagramKeys?> keys, DatagramOptions options, IDatagramSink sink, IChunkReceiver receiver)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(keys.Count, DatagramFormat.MaxBoards);
        _sink = sink;
        int window = Math.Clamp(ChunksOnTheWay / Math.Max(1, keys.Count - 1), FewestOnTheWay, IncomingChunks.Width);
        int maxCopies = options.Policy == DeliveryPolicy.Strict ? 0 : Math.Clamp(options.MaxCopies, 1, 4);
        int stageLinks = (keys.Count - 1) * (options.Topology == Topology.Star ? 2 : keys.Count);
        _links = [.. keys.Select((pair, peer) => pair is null ? null : new DatagramLink(place, peer, pair, window, maxCopies, stageLinks, sink, receiver, this))];
        _canRelay = maxCopies > 0 && options.Topology == Topology.Mesh && keys.Count > 2;
    }

    /// <summary>Datagrams that claimed to come from no board of this session.</summary>
    internal long StrangeDatagrams { get; private set; }

    /// <summary>Whether a chunk waits for room in a window.</summary>
    internal bool HasUnsent => Any(link => link.HasUnsent);

    /// <summary>Whether nothing is left to send or to acknowledge.</summary>
    internal bool IsQuiet => !Any(link => !link.IsQuiet);

    /// <summary>When <see cref="Poll"/> has something to do; <see cref="long.MaxValue"/> where only a datagram can change that.</summary>
    internal long Deadline
    {
        get
        {
            long deadline = long.MaxValue;
            foreach (DatagramLink? link in _links)
            {
                deadline = link is null ? deadline : Math.Min(deadline, link.Deadline);
            }

            return deadline;
        }
    }

    /// <summary>Sends a message to one board.</summary>
    internal void Send(int peer, in OutgoingMessage message, long now)
    {
        _links[peer]!.Queue(message);
        SendNew(now);
    }

    /// <summary>Sends a message to all boards but one.</summary>
    internal void SendToAll(in OutgoingMessage message, long now, int except = -1)
    {
        for (int peer = 0; peer < _links.Length; peer++)
        {
            if (peer != except)
            {
                _links[peer]?.Queue(message);
            }
        }

        SendNew(now);
    }

    /// <summary>Sends once more what was sent first by the last call of <see cref="Send"/> or <see cref="SendToAll"/>.</summary>
    internal void Repeat(long now)
    {
        foreach (DatagramLink? link in _links)
        {
            link?.SendCopy(now);
        }

        _sink.Flush();
    }

    /// <summary>Takes whatever came; what is not of this session is dropped, and counted.</summary>
    internal void OnDatagram(long now, Span<byte> datagram)
    {
        if (!DatagramFormat.TryReadOutside(datagram, out int sender, out uint keyId, out ulong number)
            || sender >= _links.Length
            || _links[sender] is not { } link)
        {
            StrangeDatagrams++;
            return;
        }

        link.TryTake(now, keyId, number, datagram);
    }

    bool IRelay.Carry(int from, in ChunkHead head, ReadOnlySpan<byte> bytes, long now)
    {
        if (head.Place == from || head.Place >= _links.Length || _links[head.Place] is not { } link)
        {
            return false;
        }

        link.SendCarried(head with { Route = ChunkRoute.Carried, Place = (byte)from }, bytes, now);
        return true;
    }

    bool IRelay.TakeCarried(in ChunkHead head, ReadOnlySpan<byte> bytes, long now) =>
        head.Place < _links.Length && _links[head.Place] is { } link && link.TakeCarried(head, bytes, now);

    /// <summary>Sends what is due, and what acknowledgements made room for.</summary>
    internal void Poll(long now)
    {
        SendNew(now);
        foreach (DatagramLink? link in _links)
        {
            link?.Poll(now);
        }

        _sink.Flush();
    }

    /// <summary>What is known of the link to a board; null where there is none.</summary>
    internal LinkStatistics? Statistics(int peer, string name) => _links[peer]?.Snapshot(name);

    public void Dispose()
    {
        foreach (DatagramLink? link in _links)
        {
            link?.Dispose();
        }
    }

    // Copies go out when all boards have had the first, so that they are as far apart as they can be without waiting.
    private void SendNew(long now)
    {
        int copies = 1;
        foreach (DatagramLink? link in _links)
        {
            if (link is not null)
            {
                link.SendNew(now);
                copies = Math.Max(copies, link.Copies);
            }
        }

        for (int copy = 1; copy < copies; copy++)
        {
            foreach (DatagramLink? link in _links)
            {
                if (link?.Copies > copy)
                {
                    SendCopy(link, now);
                }
            }
        }

        _sink.Flush();
    }

    private void SendCopy(DatagramLink link, long now)
    {
        if (_canRelay && link.IsBursty && Third(link) is { } third)
        {
            link.SendCopyOver(third, now);
        }
        else
        {
            link.SendCopy(now);
        }
    }

    // Another board; one to which the link is good, if there is any.
    private DatagramLink? Third(DatagramLink link)
    {
        DatagramLink? any = null;
        for (int i = 0; i < _links.Length; i++)
        {
            _turn = (_turn + 1) % _links.Length;
            if (_links[_turn] is { } other && other != link)
            {
                any = other;
                if (!other.IsBursty)
                {
                    break;
                }
            }
        }

        return any;
    }

    private bool Any(Predicate<DatagramLink> condition)
    {
        foreach (DatagramLink? link in _links)
        {
            if (link is not null && condition(link))
            {
                return true;
            }
        }

        return false;
    }
}
