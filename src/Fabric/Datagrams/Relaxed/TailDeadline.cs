namespace Halo.Fabric.Datagrams.Relaxed;

/// <summary>
/// How long a stage waits for one board's tail after all that is critical has come: until it is usually there, which is the median of how late it lately
/// was, and beyond that the wait that costs least. What is usual after a tail that came says nothing of one whose predecessor did not come, whose link may be in a bad period: each case
/// has figures of its own, so that losses that come in runs are not waited for, and losses on their own are. Times are microseconds. The rule is our
/// reading of HALO's relaxed synchronisation; the median follows by stochastic approximation (Robbins and Monro, 1951).
/// </summary>
internal sealed class TailDeadline
{
    /// <summary>The least that is waited beyond what is usual: below it lies the noise of schedulers.</summary>
    internal const long Floor = 300;

    private const int SamplesToTrust = 16;
    private const int SamplesBetween = 8; // the cheapest wait moves slowly

    private readonly LagHistogram[] _lags = [new(), new()]; // after a tail that came; after one that did not
    private readonly long[] _waits = [-1, -1];
    private readonly int[] _sinceChoice = new int[2];
    private double _usual;
    private int _came;
    private int _case;

    /// <summary>
    /// How long to wait. Where no link loses anything, what is missing is slow and will come: it is waited for patiently. So it is until enough is known.
    /// </summary>
    /// <param name="limit">The most that is ever waited.</param>
    /// <param name="isLossy">Whether links are known to lose datagrams.</param>
    internal long Slack(long limit, bool isLossy)
    {
        long wait = _waits[_case];
        return !isLossy || wait < 0 ? limit : Math.Clamp((long)_usual + Math.Max(wait, Floor), 0, limit);
    }

    /// <summary>A tail came in time.</summary>
    /// <param name="lag">Microseconds after all that is critical; what came before counts as 0.</param>
    /// <param name="worth">The time that a sum is worth.</param>
    internal void Came(long lag, double worth)
    {
        _lags[_case].Came(lag - (long)_usual);
        Follow(lag);
        Choose(worth);
        _case = 0;
    }

    /// <summary>A stage ended without the board's whole tail.</summary>
    /// <param name="worth">The time that a sum is worth.</param>
    /// <returns>Names the case, for <see cref="CameLate"/>.</returns>
    internal int Missed(double worth)
    {
        int missed = _case;
        _lags[missed].Missed();
        Choose(worth);
        _case = 1;
        return missed;
    }

    /// <summary>What a stage ended without came after all.</summary>
    /// <param name="missed">What <see cref="Missed"/> returned for that stage.</param>
    /// <param name="lag">Microseconds after all that is critical of that stage.</param>
    internal void CameLate(int missed, long lag)
    {
        _lags[missed].CameAfterAll(lag - (long)_usual);
        Follow(lag);
    }

    private void Follow(long lag)
    {
        double value = Math.Max(lag, 0);
        double step = Math.Max(50, _usual / 8);
        _usual = _came++ < SamplesToTrust
            ? _usual + (value - _usual) / _came
            : Math.Max(0, _usual + Math.Clamp(value - _usual, -step, step) / 2);
    }

    private void Choose(double worth)
    {
        LagHistogram lags = _lags[_case];
        if (lags.Samples >= SamplesToTrust && _sinceChoice[_case]-- <= 0)
        {
            _sinceChoice[_case] = SamplesBetween;
            _waits[_case] = lags.CheapestWait(worth);
        }
    }
}
