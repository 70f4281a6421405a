using System.Globalization;

namespace Halo.Fabric.Liveness;

/// <summary>
/// Decides what a process is from what is heard of it. It has no clock: every call says what time it is, as the time since any fixed moment on
/// a clock that never goes back. Calls return the change that they made, or null. Not safe for threads.
/// </summary>
internal sealed class LivenessTracker
{
    internal const string AnswersAgain = "it answers again";
    internal const string PortClosed = "its port is closed";

    private readonly string _name;
    private readonly LivenessOptions _options;
    private TimeSpan _countedFrom; // silence counts from here: heard, or this process went on after a pause
    private TimeSpan _lastTick;
    private TimeSpan? _refused;    // the last refusal, where nothing was heard since

    /// <param name="name">The process, for changes.</param>
    /// <param name="options">Checked times.</param>
    /// <param name="now">When it is first watched: alive, and silent since.</param>
    internal LivenessTracker(string name, LivenessOptions options, TimeSpan now)
    {
        _name = name;
        _options = options;
        _countedFrom = now;
        _lastTick = now;
    }

    internal LivenessState State { get; private set; }

    /// <summary>For how long nothing was heard; pauses of this process itself do not count.</summary>
    internal TimeSpan Silence(TimeSpan now) => now - _countedFrom;

    /// <summary>The process proved that it lives.</summary>
    internal LivenessChange? Heard(TimeSpan now)
    {
        _countedFrom = now;
        _refused = null;
        return State == LivenessState.Suspect ? Become(LivenessState.Alive, AnswersAgain) : null;
    }

    /// <summary>Its machine said that nobody listens at its port.</summary>
    internal LivenessChange? Refused(TimeSpan now)
    {
        bool again = now - _refused <= _options.RefusalWindow;
        _refused = now;
        return again ? Lost(PortClosed) : null;
    }

    /// <summary>Somebody knows that it is gone.</summary>
    internal LivenessChange? Lost(string reason) => State == LivenessState.Dead ? null : Become(LivenessState.Dead, reason);

    /// <summary>Time passes; to be called every <see cref="LivenessOptions.PingInterval"/>. A late call means that we were stopped ourselves.</summary>
    internal LivenessChange? Tick(TimeSpan now)
    {
        if (now - _lastTick > _options.PingInterval + _options.PauseTolerance)
        {
            _countedFrom = now;
            _refused = null;
        }

        _lastTick = now;
        TimeSpan silence = Silence(now);
        return State switch
        {
            LivenessState.Dead => null,
            _ when silence >= _options.DeadAfter => Become(LivenessState.Dead, SilentFor(silence)),
            LivenessState.Alive when silence >= _options.SuspectAfter => Become(LivenessState.Suspect, SilentFor(silence)),
            _ => null,
        };
    }

    private static string SilentFor(TimeSpan silence) => string.Create(CultureInfo.InvariantCulture, $"silent for {silence.TotalSeconds:0.0} s");

    private LivenessChange Become(LivenessState state, string reason)
    {
        LivenessChange change = new(_name, State, state, reason);
        State = state;
        return change;
    }
}
