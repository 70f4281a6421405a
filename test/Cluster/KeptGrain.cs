using Orleans;
using Orleans.Runtime;

namespace Halo.Cluster.Tests;

/// <summary>A grain that is not collected, and takes values of its own types along.</summary>
public interface IKeptGrain : IGrainWithStringKey
{
    Task<string> GetSilo();

    Task SetNote(Note note);

    Task<Note?> GetNote();

    /// <summary>Signals <c>name-entered</c> and waits for <c>name</c>, longer than its caller does.</summary>
    [ResponseTimeout("00:00:00.300")]
    Task HoldBriefly(string name);

    /// <summary>Signals <c>name-entered</c>.</summary>
    [ResponseTimeout("00:00:00.300")]
    Task EnterBriefly(string name);

    Task Hold(string name);

    Task Migrate();
}

[PlanPlacement]
[KeepAlive]
public sealed class KeptGrain(Signals signals, ILocalSiloDetails silo) : Grain, IKeptGrain, IGrainMigrationParticipant
{
    private Note? _note;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        signals.Count($"{this.GetPrimaryKeyString()}-activations");
        return Task.CompletedTask;
    }

    public Task<string> GetSilo() => Task.FromResult(silo.Name);

    public Task SetNote(Note note)
    {
        _note = note;
        return Task.CompletedTask;
    }

    public Task<Note?> GetNote() => Task.FromResult(_note);

    public Task HoldBriefly(string name) => Hold(name);

    public Task EnterBriefly(string name)
    {
        signals.Set($"{name}-entered");
        return Task.CompletedTask;
    }

    public async Task Hold(string name)
    {
        signals.Set($"{name}-entered");
        await signals.WaitAsync(name);
    }

    public Task Migrate()
    {
        MigrateOnIdle();
        return Task.CompletedTask;
    }

    public void OnDehydrate(IDehydrationContext dehydrationContext)
    {
        Assert.True(dehydrationContext.TryAddValue("note", _note));
        Assert.True(dehydrationContext.TryAddValue("silo", silo.Name));
    }

    public void OnRehydrate(IRehydrationContext rehydrationContext)
    {
        Assert.True(rehydrationContext.TryGetValue("note", out _note));
        Assert.True(rehydrationContext.TryGetValue("silo", out string? from));
        Assert.NotEqual(silo.Name, from);
        Assert.False(rehydrationContext.TryGetValue("nothing", out string? _));
    }
}
