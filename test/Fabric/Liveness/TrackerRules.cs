using Halo.Fabric.Liveness;

namespace Halo.Fabric.Tests.Liveness;

internal enum TrackerEventKind
{
    Tick,
    Heard,
    Refused,
    Lost,
}

/// <param name="Kind">What happened.</param>
/// <param name="Time">When, in milliseconds since the watch began.</param>
internal readonly record struct TrackerEvent(TrackerEventKind Kind, int Time)
{
    public override string ToString() => $"{Kind}@{Time}";
}

/// <summary>The rules of liveness as sentences about a whole history, to hold the tracker's running state against.</summary>
internal static class TrackerRules
{
    internal static LivenessState State(LivenessOptions options, IReadOnlyList<TrackerEvent> events)
    {
        if (Enumerable.Range(0, events.Count).Any(i => Kills(options, events, i)))
        {
            return LivenessState.Dead;
        }

        int heard = Last(events, events.Count, TrackerEventKind.Heard);
        return Enumerable.Range(heard + 1, events.Count - heard - 1)
            .Any(i => events[i].Kind == TrackerEventKind.Tick && Silence(options, events, i) >= options.SuspectAfter.TotalMilliseconds)
            ? LivenessState.Suspect
            : LivenessState.Alive;
    }

    private static bool Kills(LivenessOptions options, IReadOnlyList<TrackerEvent> events, int at) => events[at].Kind switch
    {
        TrackerEventKind.Lost => true,
        TrackerEventKind.Tick => Silence(options, events, at) >= options.DeadAfter.TotalMilliseconds,
        TrackerEventKind.Refused => Last(events, at, TrackerEventKind.Refused) is >= 0 and int before
            && before > Last(events, at, TrackerEventKind.Heard)
            && !Enumerable.Range(before, at - before).Any(i => IsLate(options, events, i))
            && events[at].Time - events[before].Time <= options.RefusalWindow.TotalMilliseconds,
        _ => false,
    };

    // Since it was heard, or we went on after a pause, or the watch began.
    private static int Silence(LivenessOptions options, IReadOnlyList<TrackerEvent> events, int at) => events[at].Time - Enumerable.Range(0, at + 1)
        .Where(i => events[i].Kind == TrackerEventKind.Heard || IsLate(options, events, i))
        .Select(i => events[i].Time)
        .LastOrDefault();

    private static bool IsLate(LivenessOptions options, IReadOnlyList<TrackerEvent> events, int at)
    {
        int before = Last(events, at, TrackerEventKind.Tick);
        return events[at].Kind == TrackerEventKind.Tick
            && events[at].Time - (before < 0 ? 0 : events[before].Time) > (options.PingInterval + options.PauseTolerance).TotalMilliseconds;
    }

    private static int Last(IReadOnlyList<TrackerEvent> events, int end, TrackerEventKind kind)
    {
        for (int i = end - 1; i >= 0; i--)
        {
            if (events[i].Kind == kind)
            {
                return i;
            }
        }

        return -1;
    }
}
