using Halo.Boards;
using Halo.Planning.Assignment;
using Orleans;
using Orleans.Runtime;

namespace Halo.Grains.Tests.Crossing;

/// <summary>Gives back what it gets, and throws what it is asked to.</summary>
public interface ICrossingGrain : IGrainWithStringKey
{
    Task<object> Echo(object value);

    /// <summary>Throws one of <see cref="Faults"/>.</summary>
    Task Throw(string name);

    /// <summary>Lets another grain throw it.</summary>
    Task ThrowThrough(ICrossingGrain target, string name);

    Task<string> Silo();
}

public sealed class CrossingGrain(ILocalSiloDetails silo) : Grain, ICrossingGrain
{
    public Task<object> Echo(object value) => Task.FromResult(value);

    public async Task Throw(string name)
    {
        await Task.Yield();
        throw Faults.All[name];
    }

    public Task ThrowThrough(ICrossingGrain target, string name) => target.Throw(name);

    public Task<string> Silo() => Task.FromResult(silo.Name);
}

/// <summary>The exceptions that grains throw across calls and callers catch by type, one each.</summary>
public static class Faults
{
    public static IReadOnlyDictionary<string, Exception> All { get; } = new Exception[]
    {
        new ModelUnavailableException(ModelFault.DoesNotFit, "14 GB are needed."),
        new BadRequestException("max_tokens", "It takes 1 or more."),
        new BoardLostException("b2", "Board b2 is lost."),
        new PlanDoesNotFitException("12 bytes are short."),
    }.ToDictionary(fault => fault.GetType().Name);
}
