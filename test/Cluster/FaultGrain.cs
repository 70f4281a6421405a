using Orleans;

namespace Halo.Cluster.Tests;

/// <summary>An exception that is made for crossing calls, with fields.</summary>
[GenerateSerializer]
public sealed class MarkedException : Exception
{
    public MarkedException(string message, int code, List<string> names, Exception? inner)
        : base(message, inner) => (Code, Names) = (code, names);

    [Id(0)]
    public int Code { get; private set; }

    [Id(1)]
    public List<string> Names { get; private set; }
}

/// <summary>An exception that is not made for it, of a namespace that the silos let cross.</summary>
public sealed class UnmarkedException(string message) : Exception(message);

public interface IFaultGrain : IGrainWithStringKey
{
    Task<int> ThrowMarked(string message, int code);

    /// <summary>Lets the exception of another grain pass.</summary>
    Task<int> ThrowThrough(IFaultGrain target, string message, int code);

    Task ThrowUnmarked(string message);

    /// <summary>Tells as what an unmarked exception of another grain arrives here.</summary>
    Task<string> CatchUnmarked(IFaultGrain target, string message);

    IAsyncEnumerable<int> StreamMarked(string message, int code);

    IAsyncEnumerable<int> StreamUnmarked(string message);
}

[PlanPlacement]
public sealed class FaultGrain : Grain, IFaultGrain
{
    public async Task<int> ThrowMarked(string message, int code)
    {
        await Task.Yield();
        throw Marked(message, code);
    }

    public Task<int> ThrowThrough(IFaultGrain target, string message, int code) => target.ThrowMarked(message, code);

    public Task ThrowUnmarked(string message) => throw new UnmarkedException(message);

    public async Task<string> CatchUnmarked(IFaultGrain target, string message)
    {
        Exception fault = await Assert.ThrowsAnyAsync<Exception>(() => target.ThrowUnmarked(message));
        return $"{fault.GetType().Name}: {fault.Message}";
    }

    public async IAsyncEnumerable<int> StreamMarked(string message, int code)
    {
        yield return 1;
        await Task.Yield();
        throw Marked(message, code);
    }

    public async IAsyncEnumerable<int> StreamUnmarked(string message)
    {
        yield return 1;
        await Task.Yield();
        throw new UnmarkedException(message);
    }

    private static MarkedException Marked(string message, int code) =>
        new(message, code, ["a", "b"], new InvalidOperationException("the cause"));
}
