using System.Diagnostics;

namespace Halo.Grains.Scheduling;

/// <summary>
/// How often a sequence is computed again before it is given up. Losing boards is the cluster's fault and ends by itself; a step that fails with all
/// its boards there is likely to fail again.
/// </summary>
internal sealed class Endurance
{
    /// <summary>Losses of boards that a sequence outlives.</summary>
    internal const int MostLosses = 8;

    /// <summary>Failures of its own steps, with all boards there, that a sequence outlives: a shard may have been missing, and is brought back.</summary>
    internal const int MostFaults = 2;

    /// <summary>Longest time, over all losses, that a sequence waits for boards that can go on.</summary>
    internal static readonly TimeSpan MostWaiting = TimeSpan.FromMinutes(10);

    private int _losses;
    private int _faults;
    private TimeSpan _waited;
    private long _since = -1; // when the wait that is under way began

    /// <summary>Whether the sequence is to be given up.</summary>
    internal bool IsOver => _losses > MostLosses || _faults > MostFaults || _waited > MostWaiting;

    /// <summary>Whether a step with this sequence failed for a reason of its own, and none has succeeded since.</summary>
    internal bool IsSuspect { get; private set; }

    /// <summary>A board was lost.</summary>
    internal void Loss()
    {
        _losses++;
        Wait();
    }

    /// <summary>A step failed although no board was lost.</summary>
    /// <param name="isOwn">Whether the sequence was part of the step.</param>
    internal void Fault(bool isOwn)
    {
        _faults += isOwn ? 1 : 0;
        IsSuspect |= isOwn;
        Wait();
    }

    /// <summary>A step with this sequence gave a token.</summary>
    internal void Success() => IsSuspect = false;

    /// <summary>Steps run again.</summary>
    internal void GoOn()
    {
        if (_since >= 0)
        {
            _waited += Stopwatch.GetElapsedTime(_since);
            _since = -1;
        }
    }

    private void Wait() => _since = _since < 0 ? Stopwatch.GetTimestamp() : _since;
}
