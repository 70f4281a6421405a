using Halo.Fabric.Datagrams.Format;
using Halo.Fabric.Datagrams.Links;
using Halo.Fabric.Stages;
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

    private const double LeastLoss = 0.0005; // less is the memory of an accident

    private readonly DatagramLink?[] _links; // by place
    private readonly IDatagramSink _sink;
    private readonly bool _canRelay;
    private readonly DatagramCost _cost;
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
        int stageLinks = StageLinks(keys.Count, options.Topology);
        _canRelay = maxCopies > 0 && options.Topology != Topology.Star && keys.Count > 2;
        _cost = new DatagramCost(Math.Max(1, keys.Count - 1), options.AirTimePerFrame.TotalMicroseconds);
        LinkProtection protection = new(maxCopies, options.Parity, _canRelay, _cost, new SpikeWatch(keys.Count));
        _links = [.. keys.Select((pair, peer) => pair is null ? null : new DatagramLink(place, peer, pair, window, protection, stageLinks, sink, receiver, this))];
    }

    /// <summary>Datagrams that claimed to come from no board of this session.</summary>
    internal long StrangeDatagrams { get; private set; }

    /// <summary>Whether a chunk waits for room in a window.</summary>
    internal bool HasUnsent => Any(link => link.HasUnsent);

    /// <summary>Whether nothing is left to send or to acknowledge.</summary>
    internal bool IsQuiet => !Any(link => !link.IsQuiet);

    /// <summary>Whether a link loses datagrams here.</summary>
    internal bool IsLossy
    {
        get
        {
            foreach (DatagramLink? link in _links)
            {
                if (link is { IncomingLoss: > LeastLoss })
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>The mean round trip to the other boards, in microseconds; 0 while none is known.</summary>
    internal double RoundTrip
    {
        get
        {
            (long sum, int known) = (0, 0);
            foreach (DatagramLink? link in _links)
            {
                long mean = link?.RoundTripMean ?? 0;
                (sum, known) = (sum + mean, known + (mean > 0 ? 1 : 0));
            }

            return known == 0 ? 0 : (double)sum / known;
        }
    }

    /// <summary>When <see cref="Poll"/> has something to do; <see cref="long.MaxValue"/> where only a datagram can change that.</summary>
    internal long Deadline
    {
        get
        {
            long deadline = WakeAt;
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

    /// <summary>Sends a message to one board, or to all, as often as loss asks for; it is neither acknowledged nor sent again.</summary>
    /// <param name="peer">The board; -1 for all.</param>
    /// <param name="message">The message; its bytes may be reused when this returns.</param>
    /// <param name="now">The time.</param>
    internal void SendTail(int peer, in OutgoingMessage message, long now)
    {
        for (int to = 0; to < _links.Length; to++)
        {
            if ((peer >= 0 && peer != to) || _links[to] is not { } link)
            {
                continue;
            }

            TailSender.Send(link, message, Relays(link) ? 1 : link.Copies, now);
            if (Relays(link))
            {
                TailSender.SendOver(Third(link), to, message, now);
            }
        }

        _sink.Flush();
    }

    /// <summary>When the caller wants to be woken, whatever happens; part of <see cref="Deadline"/>.</summary>
    internal long WakeAt { get; set; } = long.MaxValue;

    /// <summary>Who sends sums to whom from now on: a stage waits for the chunks of so many links.</summary>
    internal void Use(Topology topology)
    {
        foreach (DatagramLink? link in _links)
        {
            link?.StageLinks = StageLinks(_links.Length, topology);
        }
    }

    /// <summary>Whether a board has not acknowledged all of a step's stages up to one.</summary>
    internal bool HasUnacknowledgedUpTo(in StageKey key)
    {
        foreach (DatagramLink? link in _links)
        {
            if (link is not null && link.HasUnacknowledgedUpTo(key))
            {
                return true;
            }
        }

        return false;
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

    /// <summary>The system took so many microseconds to send a datagram: redundancy is weighed against that.</summary>
    internal void NoteSend(double microseconds) => _cost.NoteSend(microseconds);

    /// <summary>Takes whatever came; what is not of this session is dropped, and counted.</summary>
    /// <param name="now">The time.</param>
    /// <param name="datagram">All of it; overwritten.</param>
    /// <param name="waited">Microseconds that it may have lain in the system's buffer, at most, before anybody looked.</param>
    internal void OnDatagram(long now, Span<byte> datagram, long waited = 0)
    {
        if (!DatagramFormat.TryReadOutside(datagram, out int sender, out uint keyId, out ulong number)
            || sender >= _links.Length
            || _links[sender] is not { } link)
        {
            StrangeDatagrams++;
            return;
        }

        link.TryTake(now, keyId, number, datagram, waited);
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
            link?.Poll(now, link.IsBad && Relays(link) ? Third(link) : null);
        }

        _sink.Flush();
    }

    /// <summary>What is known of the link to a board; null where there is none.</summary>
    internal LinkStatistics? Statistics(int peer, string name, long now) => _links[peer]?.Snapshot(name, now);

    public void Dispose()
    {
        foreach (DatagramLink? link in _links)
        {
            link?.Dispose();
        }
    }

    // Copies to a board follow at once: they share a system call with the first, and what is lost in a run goes another way anyhow.
    private void SendNew(long now)
    {
        foreach (DatagramLink? link in _links)
        {
            if (link is null)
            {
                continue;
            }

            link.SendNew(now);
            for (int copy = 1; copy < link.TrainCopies && !Relays(link); copy++)
            {
                link.SendCopy(now);
            }
        }

        foreach (DatagramLink? link in _links)
        {
            if (link is null)
            {
                continue;
            }

            link.SendParity(now);
            // One for the link that turns bad just now; two thirds for one that is: each has links of its own that may be bad.
            for (int copy = 1; copy < (link.IsBad ? link.TrainCopies : Math.Min(link.TrainCopies, 2)) && Relays(link); copy++)
            {
                link.SendCopyOver(Third(link), now);
            }
        }

        _sink.Flush();
    }

    private bool Relays(DatagramLink link) => _canRelay && link.IsBursty;

    private static int StageLinks(int boards, Topology topology) => (boards - 1) * (topology == Topology.Star ? 2 : boards);

    // Another board; one to which the link is good, if there is any.
    private DatagramLink Third(DatagramLink link)
    {
        DatagramLink any = link;
        for (int i = 0; i < _links.Length; i++)
        {
            _turn = (_turn + 1) % _links.Length;
            if (_links[_turn] is { } other && other != link)
            {
                any = other;
                if (!other.IsBad)
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
