namespace Halo.Fabric.Datagrams.Relaxed;

/// <summary>
/// How long a stage waits for one board's tail after all that is critical has come: the smoothed mean of how late that board's tails are, and four times
/// their mean deviation. Times are microseconds. The rule is our reading of HALO's relaxed synchronisation.
/// </summary>
internal struct TailDeadline
{
    /// <summary>The least that is waited: below it lies the noise of schedulers.</summary>
    internal const long Floor = 500;

    private const int SamplesToTrust = 4;
    private const int Deviations = 4; // as a resend timer: with two, every twentieth tail of a busy board would be left behind without any loss

    private double _mean;
    private double _deviation;
    private int _samples;
    private bool _missed;

    /// <summary>
    /// How long to wait. Until some tails have come, the limit. For a board whose last tail did not come, only until it would usually be there: it
    /// may be in a bad period, and a stage that waits for nothing at all would run away from boards that are merely slow.
    /// </summary>
    /// <param name="limit">The most that is ever waited.</param>
    internal readonly long Slack(long limit) => _samples < SamplesToTrust
        ? limit
        : Math.Clamp((long)(_mean + (_missed ? 0 : Deviations * _deviation)), Math.Min(Floor, limit), limit);

    /// <summary>A tail came, in time or late.</summary>
    /// <param name="lag">Microseconds after all that is critical; what came before counts as 0.</param>
    internal void Came(long lag)
    {
        double value = Math.Max(lag, 0);
        _missed = false;
        if (_samples == 0)
        {
            (_mean, _deviation) = (value, value / 2);
        }

        _deviation += (Math.Abs(value - _mean) - _deviation) / 4;
        _mean += (value - _mean) / 8;
        _samples = Math.Min(_samples + 1, SamplesToTrust);
    }

    /// <summary>A stage ended without the board's whole tail.</summary>
    internal void Missed() => _missed = true;
}
