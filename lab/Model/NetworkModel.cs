namespace Halo.Lab.Model;

/// <summary>
/// What a network does to packets: pure and seeded, without a clock. Told the time, the ends and the size of a packet it says when the packet arrives.
/// Every directed link has random streams of its own. Not for several threads at once. Times are nanoseconds on the caller's clock and must not go back.
/// </summary>
public sealed class NetworkModel
{
    /// <summary>The receiver of a packet that goes to all other boards.</summary>
    public const int Everyone = -1;

    private readonly LinkModel[] _links; // (boardCount + 1, boardCount + 1): the last end is the access point of a shared medium
    private readonly bool[] _isIsolated;
    private AirModel? _air;

    /// <param name="boardCount">Boards, 2 to 250.</param>
    /// <param name="seed">The same seed, the same fate for the same packets.</param>
    public NetworkModel(int boardCount, ulong seed)
    {
        if (boardCount is < 2 or > 250)
        {
            throw new ArgumentOutOfRangeException(nameof(boardCount), boardCount, "A network has 2 to 250 boards.");
        }

        BoardCount = boardCount;
        _isIsolated = new bool[boardCount];
        int ends = boardCount + 1;
        _links = [.. Enumerable.Range(0, ends * ends).Select(index => new LinkModel(seed, index / ends, index % ends))];
    }

    /// <summary>Boards of the network.</summary>
    public int BoardCount { get; }

    /// <summary>Air time used so far in the shared medium; 0 where there is none.</summary>
    public TimeSpan AirTime => TimeSpan.FromMicroseconds((_air?.Used ?? 0) / 1e3);

    /// <summary>Frames in the air so far in the shared medium, those sent again included.</summary>
    public long AirFrames => _air?.Frames ?? 0;

    /// <summary>The settings of a directed link.</summary>
    public LinkSettings SettingsOf(int from, int to) => Link(from, to).Settings;

    /// <summary>What a directed link has carried.</summary>
    public LinkCounters CountersOf(int from, int to) => Link(from, to).Counters;

    /// <summary>Sets one directed link.</summary>
    /// <param name="from">The sending board, from 0; <see cref="BoardCount"/> for the access point of a shared medium.</param>
    /// <param name="to">The receiving board, likewise.</param>
    /// <param name="settings">What it does.</param>
    /// <param name="now">When this begins, in nanoseconds.</param>
    /// <exception cref="ArgumentException">The settings have faults; the message lists all of them.</exception>
    public void Set(int from, int to, LinkSettings settings, long now)
    {
        Check(settings.Validate(), nameof(settings));
        Link(from, to).Set(settings, now);
    }

    /// <summary>Sets all links.</summary>
    /// <exception cref="ArgumentException">The settings have faults; the message lists all of them.</exception>
    public void SetAll(LinkSettings settings, long now)
    {
        Check(settings.Validate(), nameof(settings));
        foreach (LinkModel link in _links)
        {
            link.Set(settings, now);
        }
    }

    /// <summary>Sets all links, and those from and to one board otherwise.</summary>
    /// <param name="settings">What the others do.</param>
    /// <param name="board">The one board, from 0.</param>
    /// <param name="bad">What its links do, to an access point too.</param>
    /// <param name="now">When this begins, in nanoseconds.</param>
    /// <exception cref="ArgumentException">Settings have faults; the message lists all of them.</exception>
    public void SetAllBut(LinkSettings settings, int board, LinkSettings bad, long now)
    {
        Check([.. settings.Validate(), .. bad.Validate()], nameof(settings));
        for (int from = 0; from <= BoardCount; from++)
        {
            for (int to = 0; to <= BoardCount; to++)
            {
                Link(from, to).Set(from == board || to == board ? bad : settings, now);
            }
        }
    }

    /// <summary>Joins all boards by one shared medium, or by links of their own where this is null.</summary>
    /// <exception cref="ArgumentException">The settings have faults; the message lists all of them.</exception>
    public void UseAir(AirSettings? air)
    {
        Check(air?.Validate() ?? [], nameof(air));
        _air = air is null ? null : new AirModel(air);
        Array.ForEach(_links, link => link.Clear());
    }

    /// <summary>Cuts a board off from all others.</summary>
    public void Isolate(int board) => _isIsolated[board] = true;

    /// <summary>Ends all cuts.</summary>
    public void Heal() => Array.Clear(_isIsolated);

    /// <summary>Decides a packet's fate.</summary>
    /// <param name="now">When it is sent, in nanoseconds.</param>
    /// <param name="from">The sending board, from 0.</param>
    /// <param name="to">The receiving board, or <see cref="Everyone"/>.</param>
    /// <param name="bytes">Its size, IP header included.</param>
    /// <param name="deliveries">Takes its arrivals: up to two for each receiver, <c>2 * BoardCount</c> in all.</param>
    /// <returns>How many there are.</returns>
    public int Route(long now, int from, int to, int bytes, Span<Delivery> deliveries)
    {
        if (_air is { } air)
        {
            return to == Everyone ? BroadcastByAir(air, now, from, bytes, deliveries) : RouteByAir(air, now, from, to, bytes, deliveries);
        }

        if (to != Everyone)
        {
            return RouteByLink(now, from, to, bytes, deliveries);
        }

        int count = 0;
        for (int receiver = 0; receiver < BoardCount; receiver++)
        {
            if (receiver != from)
            {
                count += RouteByLink(now, from, receiver, bytes, deliveries[count..]);
            }
        }

        return count;
    }

    private int RouteByLink(long now, int from, int to, int bytes, Span<Delivery> deliveries)
    {
        LinkModel link = Link(from, to);
        if (!Enter(link, from, to, bytes))
        {
            return 0;
        }

        long departure = link.Depart(now, bytes);
        if (departure < 0)
        {
            link.Counters.Dropped++;
            return 0;
        }

        return Leave(link, link.Loses(departure), departure, deliveries);
    }

    private int RouteByAir(AirModel air, long now, int from, int to, int bytes, Span<Delivery> deliveries)
    {
        LinkModel link = Link(from, to);
        if (!Enter(link, from, to, bytes))
        {
            return 0;
        }

        if (air.IsFull(now))
        {
            link.Counters.Dropped++;
            return 0;
        }

        long end = air.Unicast(now, air.Settings.Relay ? Link(from, BoardCount) : link, bytes);
        if (end >= 0 && air.Settings.Relay)
        {
            end = air.Unicast(end, Link(BoardCount, to), bytes);
        }

        return Leave(link, end < 0, end, deliveries);
    }

    private int BroadcastByAir(AirModel air, long now, int from, int bytes, Span<Delivery> deliveries)
    {
        bool isDropped = air.IsFull(now);
        long end = isDropped ? -1 : air.Settings.Relay ? air.Unicast(now, Link(from, BoardCount), bytes) : now;
        if (end >= 0)
        {
            end = air.Broadcast(end, bytes);
        }

        int count = 0;
        for (int to = 0; to < BoardCount; to++)
        {
            LinkModel link = Link(from, to);
            if (to == from || !Enter(link, from, to, bytes))
            {
                continue;
            }

            link.Counters.Dropped += isDropped ? 1 : 0;
            if (!isDropped)
            {
                bool isLost = end < 0 || (air.Settings.Relay ? Link(BoardCount, to) : link).Loses(end);
                count += Leave(link, isLost, end, deliveries[count..]);
            }
        }

        return count;
    }

    private bool Enter(LinkModel link, int from, int to, int bytes)
    {
        link.Counters.Packets++;
        link.Counters.Bytes += bytes;
        if (!_isIsolated[from] && !_isIsolated[to])
        {
            return true;
        }

        link.Counters.Cut++;
        return false;
    }

    private static int Leave(LinkModel link, bool isLost, long departure, Span<Delivery> deliveries)
    {
        if (!isLost)
        {
            return link.Arrive(departure, deliveries);
        }

        link.Counters.Lost++;
        return 0;
    }

    private LinkModel Link(int from, int to) => _links[(from * (BoardCount + 1)) + to];

    private static void Check(IReadOnlyList<string> faults, string name)
    {
        if (faults.Count > 0)
        {
            throw new ArgumentException(string.Join(" ", faults), name);
        }
    }
}
