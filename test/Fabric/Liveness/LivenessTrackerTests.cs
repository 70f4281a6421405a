using Halo.Fabric.Liveness;

namespace Halo.Fabric.Tests.Liveness;

public sealed class LivenessTrackerTests
{
    private static readonly LivenessOptions s_options = new();

    [Fact]
    public void Tick_Silence_MakesSuspectThenDead()
    {
        LivenessTracker tracker = New();
        List<(int, string)> changes = [];
        for (int time = 250; time <= 6000; time += 250)
        {
            if (tracker.Tick(Ms(time)) is { } change)
            {
                changes.Add((time, $"{change.Name}: {change.Old} to {change.New}, {change.Reason}"));
            }
        }

        Assert.Equal([(1000, "b: Alive to Suspect, silent for 1.0 s"), (5000, "b: Suspect to Dead, silent for 5.0 s")], changes);
    }

    [Fact]
    public void Heard_WhileSuspect_IsAliveAgain()
    {
        LivenessTracker tracker = New();
        TickUntil(tracker, 250, 4750);
        Assert.Equal(LivenessState.Suspect, tracker.State);
        Assert.Equal(new LivenessChange("b", LivenessState.Suspect, LivenessState.Alive, LivenessTracker.AnswersAgain), tracker.Heard(Ms(4800)));
        Assert.Null(tracker.Heard(Ms(4900)));
        TickUntil(tracker, 5000, 5750);
        Assert.Equal(LivenessState.Alive, tracker.State);
    }

    [Fact]
    public void Refused_TwiceInARow_IsDead()
    {
        LivenessTracker tracker = New();
        Assert.Null(tracker.Refused(Ms(250)));
        Assert.Equal(new LivenessChange("b", LivenessState.Alive, LivenessState.Dead, LivenessTracker.PortClosed), tracker.Refused(Ms(1250)));
    }

    [Fact]
    public void Refused_OnceThenHeard_IsForgotten()
    {
        LivenessTracker tracker = New();
        Assert.Null(tracker.Refused(Ms(250)));
        Assert.Null(tracker.Heard(Ms(400)));
        Assert.Null(tracker.Refused(Ms(500)));
        Assert.Equal(LivenessState.Alive, tracker.State);
    }

    [Fact]
    public void Refused_FarApart_ProvesNothing()
    {
        LivenessTracker tracker = New();
        Assert.Null(tracker.Refused(Ms(0)));
        Assert.Null(tracker.Refused(Ms(1001)));
        Assert.NotNull(tracker.Refused(Ms(2001)));
    }

    [Fact]
    public void Lost_IsDeadForGood()
    {
        LivenessTracker tracker = New();
        Assert.Equal(new LivenessChange("b", LivenessState.Alive, LivenessState.Dead, "reset"), tracker.Lost("reset"));
        Assert.Null(tracker.Heard(Ms(10)));
        Assert.Null(tracker.Lost("again"));
        Assert.Null(tracker.Refused(Ms(10)));
        Assert.Null(tracker.Refused(Ms(11)));
        Assert.Null(tracker.Tick(Ms(250)));
        Assert.Equal(LivenessState.Dead, tracker.State);
    }

    [Fact]
    public void Tick_LateByMoreThanASecond_CountsSilenceAnew()
    {
        LivenessTracker tracker = New();
        TickUntil(tracker, 250, 750);
        Assert.Null(tracker.Tick(Ms(60_000)));
        Assert.Equal(TimeSpan.Zero, tracker.Silence(Ms(60_000)));
        TickUntil(tracker, 60_250, 60_750);
        Assert.Equal(LivenessState.Alive, tracker.State);
        Assert.NotNull(tracker.Tick(Ms(61_000)));
        TickUntil(tracker, 61_250, 64_750);
        Assert.Equal(LivenessState.Suspect, tracker.State);
        Assert.Equal(LivenessState.Dead, tracker.Tick(Ms(65_000))?.New);
    }

    [Fact]
    public void Tick_LateByASecond_CountsOn()
    {
        LivenessTracker tracker = New();
        Assert.Equal(LivenessState.Suspect, tracker.Tick(Ms(1250))?.New);
    }

    [Fact]
    public void State_AnyEvents_IsWhatTheRulesMakeOfAllOfThem()
    {
        int dead = 0;
        int suspect = 0;
        for (int seed = 0; seed < 400; seed++)
        {
            Random random = new(seed);
            LivenessTracker tracker = New();
            List<TrackerEvent> events = [];
            int now = 0;
            int refusals = random.Next(4) == 0 ? 3 : 0; // else nearly every walk would end by them
            LivenessState state = LivenessState.Alive;
            for (int i = 0; i < 60; i++)
            {
                now += random.Next(8) switch { 0 => random.Next(3000), 1 => 0, _ => random.Next(400) };
                int draw = random.Next(100);
                TrackerEventKind kind = draw < 5 ? TrackerEventKind.Heard
                    : draw < 5 + refusals ? TrackerEventKind.Refused
                    : draw == 99 && i > 40 ? TrackerEventKind.Lost
                    : TrackerEventKind.Tick;
                events.Add(new TrackerEvent(kind, now));
                LivenessChange? change = Apply(tracker, kind, Ms(now));
                LivenessState expected = TrackerRules.State(s_options, events);
                Assert.True(expected == tracker.State, $"Seed {seed}: {tracker.State}, not {expected}, after {string.Join(' ', events)}.");
                Assert.Equal(state != expected, change is not null);
                Assert.True(change is not { } made || (made.Old == state && made.New == expected && made.Reason.Length > 0));
                state = expected;
            }

            dead += state == LivenessState.Dead ? 1 : 0;
            suspect += state == LivenessState.Suspect ? 1 : 0;
        }

        Assert.InRange(dead, 40, 360);
        Assert.InRange(suspect, 40, 360);
    }

    private static LivenessChange? Apply(LivenessTracker tracker, TrackerEventKind kind, TimeSpan now) => kind switch
    {
        TrackerEventKind.Heard => tracker.Heard(now),
        TrackerEventKind.Refused => tracker.Refused(now),
        TrackerEventKind.Lost => tracker.Lost("reported"),
        _ => tracker.Tick(now),
    };

    private static LivenessTracker New() => new("b", s_options, TimeSpan.Zero);

    private static void TickUntil(LivenessTracker tracker, int from, int to)
    {
        for (int time = from; time <= to; time += 250)
        {
            tracker.Tick(Ms(time));
        }
    }

    private static TimeSpan Ms(int milliseconds) => TimeSpan.FromMilliseconds(milliseconds);
}
