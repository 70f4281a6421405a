namespace Halo.Fabric.Datagrams.Relaxed;

/// <summary>
/// How long a stage waits for one board's tail after all that is critical has come. It follows two quantiles of how late that board's tails are, a
/// little with every tail, so that one that is very late moves it no more than another (the median and quantile estimates of stochastic
/// approximation: Robbins and Monro, 1951). Times are microseconds. The rule is our reading of HALO's relaxed synchronisation.
/// </summary>
internal struct TailDeadline
{
    /// <summary>The least that is waited: below it lies the noise of schedulers.</summary>
    internal const long Floor = 300;

    private const double NearlyAll = 0.98;
    private const int SamplesToTrust = 4;
    private const long Margin = 300;      // a board that waits for a relay is late for all others, often enough to move the quantile: it is not worth waiting for
    private const long Patience = 10_000; // on a link that loses nothing: a stall of the other board's machine

    private double _usual; // median
    private double _late;  // the quantile of NearlyAll
    private int _samples;
    private bool _missed;

    /// <summary>
    /// How long to wait. What is missing where nothing gets lost is slow and will come: it is waited for patiently. For a board whose last tail
    /// did not come only until it would usually be there: its link may be in a bad period, and a stage that waits for nothing at all would run
    /// away from boards that are merely slow.
    /// </summary>
    /// <param name="limit">The most that is ever waited.</param>
    /// <param name="isLossy">Whether links are known to lose datagrams.</param>
    internal readonly long Slack(long limit, bool isLossy)
    {
        double slack = _samples < SamplesToTrust ? limit
            : !isLossy ? Patience + 4 * _late
            : _missed ? _usual
            : Math.Min(_late, _usual + Math.Max(Margin, _usual / 8));
        return Math.Clamp((long)slack, Math.Min(Floor, limit), limit);
    }

    /// <summary>A tail came, in time or late.</summary>
    /// <param name="lag">Microseconds after all that is critical; what came before counts as 0.</param>
    internal void Came(long lag)
    {
        double value = Math.Max(lag, 0);
        _missed = false;
        if (_samples < SamplesToTrust)
        {
            _samples++;
            _usual += (value - _usual) / _samples;
            _late = Math.Max(_late, value);
            return;
        }

        Follow(ref _usual, value, 0.5);
        Follow(ref _late, value, NearlyAll);
    }

    /// <summary>A stage ended without the board's whole tail.</summary>
    internal void Missed() => _missed = true;

    private static void Follow(ref double quantile, double value, double share)
    {
        double step = Math.Max(50, quantile / 8);
        quantile = Math.Max(0, quantile + (value > quantile ? share : share - 1) * step);
    }
}
