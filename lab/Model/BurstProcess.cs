namespace Halo.Lab.Model;

/// <summary>The good and bad periods of one directed link, walked through in time. It begins in the long-run mix of the two.</summary>
internal sealed class BurstProcess
{
    private readonly RandomStream _random;
    private readonly double _meanGood; // ns
    private readonly double _meanBad; // ns

    /// <param name="random">Its stream of random numbers.</param>
    /// <param name="settings">Lengths of the periods.</param>
    /// <param name="start">Where time begins, in nanoseconds.</param>
    internal BurstProcess(RandomStream random, BurstSettings settings, long start)
    {
        _random = random;
        _meanGood = settings.MeanGood.TotalNanoseconds;
        _meanBad = settings.MeanBad.TotalNanoseconds;
        IsBad = random.NextUnit() < settings.BadShare;
        // An exponential period has no memory: what is left of one under way is as long as a whole one.
        PeriodEnd = start + NextLength();
    }

    /// <summary>Whether the period under way is bad.</summary>
    internal bool IsBad { get; private set; }

    /// <summary>Where the period under way ends, in nanoseconds.</summary>
    internal long PeriodEnd { get; private set; }

    /// <summary>Walks to the next period.</summary>
    internal void Advance()
    {
        IsBad = !IsBad;
        PeriodEnd += NextLength();
    }

    /// <summary>Walks to a time and says whether the link is bad then. Times before the period under way count as in it.</summary>
    /// <param name="time">Nanoseconds.</param>
    internal bool IsBadAt(long time)
    {
        while (PeriodEnd <= time)
        {
            Advance();
        }

        return IsBad;
    }

    private long NextLength() => _random.NextExponential(IsBad ? _meanBad : _meanGood);
}
