using System.Runtime.CompilerServices;
using Orleans;
using Orleans.Concurrency;
using Orleans.Runtime;

namespace Halo.Cluster.Tests;

/// <summary>A gate or event that grains and tests share by name: the tests wait for it, never for time.</summary>
public sealed class Signals
{
    private readonly System.Collections.Concurrent.ConcurrentDictionary<string, TaskCompletionSource<string>> _signals = new();
    private readonly System.Collections.Concurrent.ConcurrentDictionary<string, int> _counts = new();

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

    /// <summary>Counts how often something happened; the answer is how often by now.</summary>
    public int Count(string name, int more = 1) => _counts.AddOrUpdate(name, more, (_, count) => count + more);

    private TaskCompletionSource<string> Source(string name) =>
        _signals.GetOrAdd(name, _ => new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously));
}

[GenerateSerializer]
public sealed record Note([property: Id(0)] string Text, [property: Id(1)] List<int> Numbers);

[GenerateSerializer]
[Immutable]
public sealed record FrozenNote([property: Id(0)] int[] Numbers);

public interface IProbeGrain : IGrainWithStringKey
{
    Task<string> GetSilo();

    Task<int> Add(int value);

    Task<int> GetTotal();

    /// <summary>Signals <c>name-entered</c> and waits for <c>name</c>.</summary>
    [ResponseTimeout("00:00:12")]
    Task<string> Hold(string name);

    [AlwaysInterleave]
    Task<string> Interleave();

    [ResponseTimeout("00:00:00.300")]
    Task<int> CallBack(IProbeGrain other, IProbeGrain self);

    Task<int> Forward(IProbeGrain target);

    Task Fail(string message);

    Task FailAtOnce(string message);

    Task<bool> StaysOnScheduler();

    Task<string> HoldUntilCancelled(string name, CancellationToken cancellationToken);

    Task<string?> GetContext(string key);

    Task<string?> ForwardContext(IProbeGrain target, string key);

    [AlwaysInterleave]
    Task Deactivate();

    Task Migrate();

    IAsyncEnumerable<Note> Count(string name, int count, CancellationToken cancellationToken = default);

    /// <summary>Yields one element, then waits for <c>name</c> whatever its token says.</summary>
    IAsyncEnumerable<int> CountStubbornly(string name);

    /// <summary>Counts to <paramref name="count"/>, throws where asked to, and in either case deactivates the grain as it ends.</summary>
    IAsyncEnumerable<int> CountAndLeave(int count, bool throws);

    Task<string> Key();
}

/// <summary>Does what each test asks and tells through <see cref="Signals"/> what happened to it.</summary>
[PlanPlacement]
public sealed class ProbeGrain(Signals signals, ILocalSiloDetails silo) : Grain, IProbeGrain, IGrainMigrationParticipant
{
    private int _total;
    private int _running;

    private string Name => this.GetPrimaryKeyString();

    public async IAsyncEnumerable<int> CountAndLeave(int count, bool throws)
    {
        try
        {
            for (int i = 0; i < count; i++)
            {
                await Task.Yield();
                yield return i;
            }

            if (throws)
            {
                throw new ArgumentException("at the end");
            }
        }
        finally
        {
            DeactivateOnIdle();
        }
    }

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        signals.Count($"{Name}-activations");
        if (Name.StartsWith("fails-once", StringComparison.Ordinal) && !signals.IsSet($"{Name}-failed"))
        {
            await Task.Yield();
            signals.Set($"{Name}-failed");
            throw new InvalidOperationException("cannot activate yet");
        }

        if (Name.StartsWith("gated", StringComparison.Ordinal))
        {
            signals.Set($"{Name}-activating-on-{silo.Name}");
            await signals.WaitAsync($"{Name}-open-on-{silo.Name}");
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
        _total += value;
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

    public Task<int> CallBack(IProbeGrain other, IProbeGrain self) => other.Forward(self);

    public Task<int> Forward(IProbeGrain target) => target.GetTotal();

    public async Task Fail(string message)
    {
        await Task.Yield();
        throw new ArgumentException(message);
    }

    public Task FailAtOnce(string message) => throw new ArgumentException(message);

    public async Task<bool> StaysOnScheduler()
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

    public Task Deactivate()
    {
        DeactivateOnIdle();
        return Task.CompletedTask;
    }

    public Task Migrate()
    {
        MigrateOnIdle();
        return Task.CompletedTask;
    }

    public async IAsyncEnumerable<Note> Count(
        string name, int count, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        List<int> numbers = [];
        try
        {
            for (int i = 0; i < count; i++)
            {
                numbers.Add(i);
                signals.Set($"{name}-at-{i}");
                yield return new Note($"{i}", [.. numbers]); // upstream copies an element only when its batch is sent
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

    public async IAsyncEnumerable<int> CountStubbornly(string name)
    {
        yield return 1;
        await signals.WaitAsync(name);
        yield return 2;
    }

    public Task<string> Key() => Task.FromResult(this.GetPrimaryKeyString());

    public void OnDehydrate(IDehydrationContext dehydrationContext) => Assert.True(dehydrationContext.TryAddValue("total", _total));

    public void OnRehydrate(IRehydrationContext rehydrationContext) => Assert.True(rehydrationContext.TryGetValue("total", out _total));
}

public interface IReentrantGrain : IGrainWithStringKey
{
    Task<string> Hold(string name);

    Task Open(string name);
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
    Task<Note> EchoAndKeep(Note note);

    Task<Note> Kept();

    /// <summary>Changes the note it keeps, which it also answered with.</summary>
    Task AddToKept(int number);

    /// <summary>Passes immutable arguments to a grain of the same silo and tells whether the very same arrived, and came back.</summary>
    Task<bool> PassesSame(IEchoGrain target);

    Task<bool> IsSame(Immutable<int[]> numbers, string name);

    Task<bool> IsSameFrozen(FrozenNote note, string name);

    Task<FrozenNote> GiveBack(FrozenNote note);

    Task<(int Sum, Dictionary<string, int[]> Map)> EchoParts(Dictionary<string, int[]> map, int? one, (int A, string B) two);
}

[PlanPlacement]
public sealed class EchoGrain : Grain, IEchoGrain
{
    /// <summary>What one grain passes, so that the other can compare references.</summary>
    private static readonly System.Collections.Concurrent.ConcurrentDictionary<string, object> s_passed = new();

    private Note? _kept;

    public Task<Note> EchoAndKeep(Note note)
    {
        _kept = note;
        return Task.FromResult(note);
    }

    public Task<Note> Kept() => Task.FromResult(_kept!);

    public Task AddToKept(int number)
    {
        _kept!.Numbers.Add(number);
        return Task.CompletedTask;
    }

    public async Task<bool> PassesSame(IEchoGrain target)
    {
        int[] numbers = [1];
        FrozenNote frozen = new(numbers);
        s_passed["numbers"] = numbers;
        s_passed["frozen"] = frozen;
        return await target.IsSame(numbers.AsImmutable(), "numbers") && await target.IsSameFrozen(frozen, "frozen")
            && ReferenceEquals(await target.GiveBack(frozen), frozen);
    }

    public Task<bool> IsSame(Immutable<int[]> numbers, string name) => Task.FromResult(ReferenceEquals(s_passed[name], numbers.Value));

    public Task<bool> IsSameFrozen(FrozenNote note, string name) => Task.FromResult(ReferenceEquals(s_passed[name], note));

    public Task<FrozenNote> GiveBack(FrozenNote note) => Task.FromResult(note);

    public Task<(int Sum, Dictionary<string, int[]> Map)> EchoParts(Dictionary<string, int[]> map, int? one, (int A, string B) two) =>
        Task.FromResult((map.Values.Sum(numbers => numbers.Sum()) + one.GetValueOrDefault() + two.A + two.B.Length, map));
}
