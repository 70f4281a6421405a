using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime.MembershipService.SiloMetadata;
using Orleans.TestingHost;

namespace Halo.Cluster.Tests;

/// <summary>Two silos on virtual time: the composition, and the only file that knows how a cluster is started.</summary>
public sealed class ClusterFixture : IAsyncLifetime
{
    public InProcessTestCluster Cluster { get; private set; } = null!;

    public IGrainFactory Client => Cluster.Client;

    public Signals Signals { get; } = new();

    public PlacementPlan Plan { get; } = new();

    public VirtualTime Time { get; } = new();

    public async Task InitializeAsync()
    {
        InProcessTestClusterBuilder builder = new(2);
        builder.ConfigureHost(host => host.Services.AddSingleton(Signals).AddSingleton(Plan).AddSingleton<TimeProvider>(Time));
        builder.ConfigureSilo((options, silo) =>
        {
            silo.Services.Configure<GrainCollectionOptions>(collection => collection.CollectionAge = TimeSpan.FromMinutes(5));
            silo.UseSiloMetadata(new Dictionary<string, string> { ["silo"] = options.SiloName });
            silo.AddPlacementDirector<PlanPlacement, PlanPlacementDirector>();
        });
        Cluster = builder.Build();
        await Cluster.DeployAsync();
    }

    public async Task DisposeAsync() => await Cluster.DisposeAsync();

    /// <summary>A grain of its own for each caller, on the first silo or the one named.</summary>
    public IProbeGrain NewProbe(string prefix = "probe", string siloName = "Silo_0")
    {
        string key = $"{prefix}-{Guid.NewGuid():N}";
        Plan.SiloByGrain[key] = siloName;
        return Client.GetGrain<IProbeGrain>(key);
    }
}

/// <summary>Time that passes only when a test says so.</summary>
public sealed class VirtualTime : TimeProvider
{
    private readonly Lock _lock = new();
    private readonly List<VirtualTimer> _timers = [];
    private DateTimeOffset _now = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public override DateTimeOffset GetUtcNow()
    {
        lock (_lock)
        {
            return _now;
        }
    }

    public override long GetTimestamp() => GetUtcNow().Ticks;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        VirtualTimer timer = new(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Fires what falls due, in order of time.</summary>
    public void Advance(TimeSpan span)
    {
        DateTimeOffset end = GetUtcNow() + span;
        while (NextDue(end) is { } timer)
        {
            timer.Fire();
        }
    }

    private VirtualTimer? NextDue(DateTimeOffset end)
    {
        lock (_lock)
        {
            VirtualTimer? next = _timers.Where(timer => timer.Due <= end).MinBy(timer => timer.Due);
            _now = next?.Due ?? end;
            next?.Rearm(_now);
            return next;
        }
    }

    private sealed class VirtualTimer(VirtualTime time, TimerCallback callback, object? state) : ITimer
    {
        private TimeSpan _period;

        public DateTimeOffset Due { get; private set; } = DateTimeOffset.MaxValue;

        public void Rearm(DateTimeOffset now) => Due = _period > TimeSpan.Zero ? now + _period : DateTimeOffset.MaxValue;

        public void Fire() => callback(state);

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (time._lock)
            {
                _period = period;
                Due = dueTime == Timeout.InfiniteTimeSpan ? DateTimeOffset.MaxValue : time._now + dueTime;
                time._timers.Remove(this);
                time._timers.Add(this);
                return true;
            }
        }

        public void Dispose()
        {
            lock (time._lock)
            {
                time._timers.Remove(this);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
