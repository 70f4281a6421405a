using Halo.Lab.Model;

namespace Halo.Lab.Bounds;

/// <summary>The bad periods of one directed link, the same that the emulator gives it, kept so that any time can be asked for.</summary>
internal sealed class BurstTrace
{
    private readonly BurstProcess? _process;
    private readonly List<(long Start, long End)> _bad = [];
    private long _known; // the periods up to here are in the list

    /// <param name="seed">The laboratory's seed.</param>
    /// <param name="from">The sending end.</param>
    /// <param name="to">The receiving end.</param>
    /// <param name="bursts">Lengths of the periods; null for a link that is always good.</param>
    internal BurstTrace(ulong seed, int from, int to, BurstSettings? bursts)
    {
        if (bursts is null)
        {
            return;
        }

        _process = new BurstProcess(RandomStream.Of(seed, from, to, StreamUse.Bursts), bursts, 0);
        Keep();
    }

    /// <summary>The first time from this one on at which the link is good, in nanoseconds.</summary>
    internal long NextGood(long time)
    {
        while (_process is not null && _known <= time)
        {
            _process.Advance();
            Keep();
        }

        int low = 0;
        int high = _bad.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            (low, high) = _bad[middle].End <= time ? (middle + 1, high) : (low, middle);
        }

        return low < _bad.Count && _bad[low].Start <= time ? _bad[low].End : time;
    }

    private void Keep()
    {
        if (_process!.IsBad)
        {
            _bad.Add((_known, _process.PeriodEnd));
        }

        _known = _process.PeriodEnd;
    }
}
