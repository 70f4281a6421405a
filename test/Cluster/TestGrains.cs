using System.Runtime.CompilerServices;
using Orleans;
using Orleans.Concurrency;
using Orleans.Placement;
using Orleans.Runtime;
using Orleans.Runtime.Placement;

namespace Halo.Cluster.Tests;

/// <summary>A gate or event that grains and tests share by name: the tests wait for it, never for time.</summary>
public sealed class Signals
{
    private readonly System.Collections.Concurrent.ConcurrentDictionary<string, TaskCompletionSource<string>> _signals = new();

    public void Set(string name, string value = "") => Source(name).TrySetResult(value);

    /// <summary>Waits for the signal; the exception of a timeout names it.</summary>
    public async Task<string> WaitAsync(string name)
    {
        try
        {
            return await Source(name).Task.WaitAsync(TimeSpan.FromSeconds(10));
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"Nobody set the signal \"{name}\" within 10 s.");
        }
    }

    public bool IsSet(string name) => Source(name).Task.IsCompleted;

    private TaskCompletionSource<string> Source(string name) =>
        _signals.GetOrAdd(name, _ => new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously));
}

[GenerateSerializer]
public sealed record Note([property: Id(0)] string Text, [property: Id(1)] List<int> Numbers);

[GenerateSerializer]
public sealed record PositionalNote(string Text, int[] Numbers);

[GenerateSerializer]
[Immutable]
public sealed record FrozenNote([property: Id(0)] int[] Numbers);

/// <summary>Lacks [GenerateSerializer] on purpose.</summary>
public sealed record UnmarkedNote(string Text);

public interface IProbeGrain : IGrainWithStringKey
{
    public Task<string> GetSilo();

    public Task<int> Add(int value);

    public Task<int> GetTotal();

    /// <summary>Signals <c>name-entered</c> and waits for <c>name</c>.</summary>
    public Task<string> Hold(string name);

    [AlwaysInterleave]
    public Task<string> Interleave();

    [ReadOnly]
    public Task HoldReadOnly(string name);

    [ResponseTimeout("00:00:00.300")]
    public Task<int> CallBack(IProbeGrain other, IProbeGrain self);

    public Task<int> CallBackAllowed(IProbeGrain other, IProbeGrain self);

    public Task<int> Forward(IProbeGrain target);

    public Task Fail(string message);

    public ValueTask<bool> StaysOnScheduler();

    public Task<string> HoldUntilCancelled(string name, CancellationToken cancellationToken);

    public Task<string?> GetContext(string key);

    public Task<string?> ForwardContext(IProbeGrain target, string key);

    [OneWay]
    public Task Tell(string name);

    public Task Deactivate();

    public Task Migrate();

    public IAsyncEnumerable<Note> Count(string name, int count, CancellationToken cancellationToken = default);

    public Task StartTimer(string name, bool interleave);

    public Task<string> Key();
}

/// <summary>Does what each test asks and tells through <see cref="Signals"/> what happened to it.</summary>
public abstract class ProbeGrainBase(Signals signals, ILocalSiloDetails silo) : Grain, IProbeGrain, IGrainMigrationParticipant
{
    private int _total;
    private int _running;

    private string Name => this.GetPrimaryKeyString();

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        if (Name.StartsWith("fails-once", StringComparison.Ordinal) && !signals.IsSet($"{Name}-failed"))
        {
            await Task.Yield();
            signals.Set($"{Name}-failed");
            throw new InvalidOperationException("cannot activate yet");
        }
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        signals.Set($"{Name}-deactivated{(signals.IsSet($"{Name}-deactivated") ? "-again" : "")}", reason.ReasonCode.ToString());
        return Task.CompletedTask;
    }

    public Task<string> GetSilo() => Task.FromResult(silo.Name);

    public async Task<int> Add(int value)
    {
        Assert.Equal(1, ++_running);
        await Task.Yield();
        _total = (_total * 10) + value; // shows the order
        _running--;
        return _total;
    }

    public Task<int> GetTotal() => Task.FromResult(_total);

    public async Task<string> Hold(string name)
    {
        signals.Set($"{name}-entered");
        await signals.WaitAsync(name);
        return silo.Name;
    }

    public Task<string> Interleave() => Task.FromResult("interleaved");

    public Task HoldReadOnly(string name) => Hold(name);

    public Task<int> CallBack(IProbeGrain other, IProbeGrain self) => other.Forward(self);

    public async Task<int> CallBackAllowed(IProbeGrain other, IProbeGrain self)
    {
        using (RequestContext.AllowCallChainReentrancy())
        {
            return await other.Forward(self);
        }
    }

    public Task<int> Forward(IProbeGrain target) => target.GetTotal();

    public async Task Fail(string message)
    {
        await Task.Yield();
        throw new ArgumentException(message);
    }

    public async ValueTask<bool> StaysOnScheduler()
    {
        TaskScheduler before = TaskScheduler.Current;
        await Task.Delay(1);
        return before != TaskScheduler.Default && TaskScheduler.Current == before;
    }

    public async Task<string> HoldUntilCancelled(string name, CancellationToken cancellationToken)
    {
        signals.Set($"{name}-entered");
        TaskCompletionSource cancelled = new();
        using CancellationTokenRegistration registration = cancellationToken.Register(cancelled.SetResult);
        await cancelled.Task;
        signals.Set($"{name}-cancelled");
        return "cancelled";
    }

    public Task<string?> GetContext(string key)
    {
        string? value = RequestContext.Get(key) as string;
        RequestContext.Set(key, "changed by the callee");
        return Task.FromResult(value);
    }

    public Task<string?> ForwardContext(IProbeGrain target, string key) => target.GetContext(key);

    public async Task Tell(string name)
    {
        await signals.WaitAsync(name);
        signals.Set($"{name}-told");
        throw new InvalidOperationException("nobody hears this");
    }

    public Task Deactivate()
    {
        DeactivateOnIdle();
        return Task.CompletedTask;
    }

    public Task Migrate()
    {
        this.MigrateOnIdle();
        return Task.CompletedTask;
    }

    public async IAsyncEnumerable<Note> Count(string name, int count, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        List<int> numbers = [];
        try
        {
            for (int i = 0; i < count; i++)
            {
                numbers.Add(i);
                signals.Set($"{name}-at-{i}");
                yield return new Note($"{i}", numbers);
                if (signals.IsSet($"{name}-throws"))
                {
                    throw new ArgumentException("midway");
                }

                if (i == 2)
                {
                    TaskCompletionSource cancelled = new();
                    using CancellationTokenRegistration registration = cancellationToken.Register(() => cancelled.TrySetCanceled());
                    await (await Task.WhenAny(signals.WaitAsync(name), cancelled.Task));
                }
            }
        }
        finally
        {
            signals.Set($"{name}-finally", ReferenceEquals(TaskScheduler.Current, TaskScheduler.Default) ? "elsewhere" : "on its turn");
        }
    }

    public Task StartTimer(string name, bool interleave)
    {
        int ticks = 0;
        this.RegisterGrainTimer(
            () =>
            {
                signals.Set($"{name}-tick-{++ticks}", $"{_running}");
                return ticks == 1 ? throw new InvalidOperationException("does not stop the timer") : Task.CompletedTask;
            },
            new GrainTimerCreationOptions { DueTime = TimeSpan.FromSeconds(1), Period = TimeSpan.FromSeconds(1), Interleave = interleave });
        return Task.CompletedTask;
    }

    public Task<string> Key() => Task.FromResult($"{this.GetPrimaryKeyString()} {this.AsReference<IProbeGrain>().GetPrimaryKeyString()}");

    public void OnDehydrate(IDehydrationContext dehydrationContext) => Assert.True(dehydrationContext.TryAddValue("total", _total));

    public void OnRehydrate(IRehydrationContext rehydrationContext) => Assert.True(rehydrationContext.TryGetValue("total", out _total));
}

[PlanPlacement]
public sealed class ProbeGrain(Signals signals, ILocalSiloDetails silo) : ProbeGrainBase(signals, silo);

public interface IReentrantGrain : IGrainWithStringKey
{
    public Task<string> Hold(string name);

    public Task Open(string name);
}

[Reentrant]
public sealed class ReentrantGrain(Signals signals) : Grain, IReentrantGrain
{
    public async Task<string> Hold(string name)
    {
        signals.Set($"{name}-entered");
        return await signals.WaitAsync(name);
    }

    public Task Open(string name)
    {
        signals.Set(name, "opened");
        return Task.CompletedTask;
    }
}

public interface IEchoGrain : IGrainWithStringKey
{
    public Task<Note> EchoAndKeep(Note note);

    public Task<Note> Kept();

    public Task<PositionalNote> EchoPositional(PositionalNote note);

    public Task<bool> IsSame(Immutable<int[]> numbers, string name);

    public Task<bool> IsSameFrozen(FrozenNote note, string name);

    public Task<bool> IsSameParameter([Immutable] int[] numbers, string name);

    public Task<(int Sum, Dictionary<string, int[]> Map)> EchoParts(Dictionary<string, int[]> map, int? one, (int A, string B) two);

    public Task Take(UnmarkedNote note);

    public Task<UnmarkedNote> Give();
}

public sealed class EchoGrain : Grain, IEchoGrain
{
    /// <summary>What the tests pass, so that the grain can compare references.</summary>
    public static readonly System.Collections.Concurrent.ConcurrentDictionary<string, object> Passed = new();

    private Note? _kept;

    public Task<Note> EchoAndKeep(Note note)
    {
        _kept = note;
        return Task.FromResult(note);
    }

    public Task<Note> Kept() => Task.FromResult(_kept!);

    public Task<PositionalNote> EchoPositional(PositionalNote note) => Task.FromResult(note);

    public Task<bool> IsSame(Immutable<int[]> numbers, string name) => Task.FromResult(ReferenceEquals(Passed[name], numbers.Value));

    public Task<bool> IsSameFrozen(FrozenNote note, string name) => Task.FromResult(ReferenceEquals(Passed[name], note));

    public Task<bool> IsSameParameter(int[] numbers, string name) => Task.FromResult(ReferenceEquals(Passed[name], numbers));

    public Task<(int Sum, Dictionary<string, int[]> Map)> EchoParts(Dictionary<string, int[]> map, int? one, (int A, string B) two) =>
        Task.FromResult((map.Values.Sum(numbers => numbers.Sum()) + one.GetValueOrDefault() + two.A + two.B.Length, map));

    public Task Take(UnmarkedNote note) => Task.CompletedTask;

    public Task<UnmarkedNote> Give() => Task.FromResult(new UnmarkedNote("no"));
}

/// <summary>Which silo each grain belongs to; the tests write it, the director reads it.</summary>
public sealed class PlacementPlan
{
    public System.Collections.Concurrent.ConcurrentDictionary<string, string> SiloByGrain { get; } = new();
}

[GenerateSerializer]
[Immutable]
public sealed class PlanPlacement : PlacementStrategy;

[AttributeUsage(AttributeTargets.Class)]
public sealed class PlanPlacementAttribute() : PlacementAttribute(new PlanPlacement());

public sealed class PlanPlacementDirector(PlacementPlan plan, ISiloStatusOracle silos) : IPlacementDirector
{
    public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        SiloAddress[] compatible = context.GetCompatibleSilos(target);
        string? wanted = plan.SiloByGrain.GetValueOrDefault(target.GrainIdentity.Key.ToString()!);
        return Task.FromResult(
            IPlacementDirector.GetPlacementHint(target.RequestContextData, compatible)
            ?? compatible.FirstOrDefault(silo => silos.TryGetSiloName(silo, out string? name) && name == wanted)
            ?? compatible.Min()!);
    }
}
