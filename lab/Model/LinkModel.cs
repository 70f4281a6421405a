namespace Halo.Lab.Model;

/// <summary>One directed link: its settings, its random streams and what waits on it.</summary>
internal sealed class LinkModel
{
    private readonly int _from;
    private readonly int _to;
    private readonly ulong _seed;
    private readonly RandomStream _loss;
    private readonly RandomStream _jitter;
    private readonly RandomStream _reorder;
    private readonly RandomStream _duplicate;
    private BurstProcess? _bursts;
    private long _busyUntil;
    private long _lastArrival;
    private int _burstRound;

    // Times of the settings in nanoseconds.
    private long _delay;
    private long _jitterSpan;
    private long _reorderBy;

    internal LinkModel(ulong seed, int from, int to)
    {
        _seed = seed;
        _from = from;
        _to = to;
        _loss = RandomStream.Of(seed, from, to, StreamUse.Loss);
        _jitter = RandomStream.Of(seed, from, to, StreamUse.Jitter);
        _reorder = RandomStream.Of(seed, from, to, StreamUse.Reorder);
        _duplicate = RandomStream.Of(seed, from, to, StreamUse.Duplicate);
    }

    internal LinkSettings Settings { get; private set; } = new();

    internal LinkCounters Counters { get; } = new();

    /// <summary>Takes new settings from now on. Bursts begin anew where theirs changed.</summary>
    internal void Set(LinkSettings settings, long now)
    {
        if (settings.Bursts != Settings.Bursts)
        {
            // Each beginning has numbers of its own; the first are those of the seed alone, so that a bound can be computed for the same trace.
            ulong seed = _seed + (ulong)_burstRound++;
            _bursts = settings.Bursts is { } bursts ? new BurstProcess(RandomStream.Of(seed, _from, _to, StreamUse.Bursts), bursts, now) : null;
        }

        Settings = settings;
        _delay = (long)settings.Delay.TotalNanoseconds;
        _jitterSpan = (long)settings.Jitter.TotalNanoseconds;
        _reorderBy = (long)settings.ReorderBy.TotalNanoseconds;
    }

    /// <summary>Forgets what is on its way: the clock begins anew.</summary>
    internal void Clear()
    {
        _busyUntil = 0;
        _lastArrival = 0;
    }

    /// <summary>Draws whether a transmission at this time is lost. Times must not go back.</summary>
    /// <param name="time">Nanoseconds.</param>
    internal bool Loses(long time)
    {
        bool lost = _loss.NextUnit() < Settings.Loss;
        return (_bursts?.IsBadAt(time) ?? false) || lost;
    }

    /// <summary>Waits for its turn on a link with a rate.</summary>
    /// <returns>When the packet has left, in nanoseconds; negative where the queue has no room for it.</returns>
    internal long Depart(long now, int bytes)
    {
        if (Settings.BitsPerSecond == 0)
        {
            return now;
        }

        double nsPerByte = 8e9 / Settings.BitsPerSecond;
        long begin = Math.Max(now, _busyUntil);
        if (begin > now && ((begin - now) / nsPerByte) + bytes > Settings.QueueBytes)
        {
            return -1;
        }

        _busyUntil = begin + (long)(bytes * nsPerByte);
        return _busyUntil;
    }

    /// <summary>Delay, jitter, reordering and duplication of a packet that was not lost.</summary>
    /// <param name="departure">When it left, in nanoseconds.</param>
    /// <param name="deliveries">Takes one or two arrivals.</param>
    /// <returns>How many.</returns>
    internal int Arrive(long departure, Span<Delivery> deliveries)
    {
        long arrival = departure + _delay;
        if (_jitterSpan > 0)
        {
            arrival += (long)(_jitter.NextUnit() * _jitterSpan);
        }

        if (Settings.Reorder > 0 && _reorder.NextUnit() < Settings.Reorder)
        {
            arrival += _reorderBy;
        }
        else
        {
            arrival = _lastArrival = Math.Max(arrival, _lastArrival);
        }

        deliveries[0] = new Delivery(_to, arrival);
        if (Settings.Duplicate == 0 || _duplicate.NextUnit() >= Settings.Duplicate)
        {
            return 1;
        }

        Counters.Duplicated++;
        deliveries[1] = new Delivery(_to, arrival);
        return 2;
    }
}
