using Halo.Grains;
using Orleans.Runtime;

namespace Halo.Gateway.Serving;

/// <summary>Completions whose way to their grain is lost.</summary>
public sealed class GenerationsTests
{
    private static readonly GenerationRequest s_request = new() { Model = "tales", Sampling = new SamplingOptions() };

    [Fact]
    public async Task Run_SiloIsLostBeforeAnAnswer_IsStartedAgain()
    {
        TaskCompletionSource lost = new();
        TaskCompletionSource cancelled = new();
        int starts = 0;
        FakeCluster cluster = new() { SiloLost = lost.Task };
        cluster.Generate = (_, cancellation) => ++starts == 1 ? Silent(cancelled, cancellation) : FakeCluster.Chunks("once");
        Task<string> running = TextAsync(cluster);
        Assert.False(running.IsCompleted);

        cluster.SiloLost = new TaskCompletionSource().Task;
        lost.SetResult();

        Assert.Equal("once", await running);
        Assert.Equal(2, starts);
        await cancelled.Task;
    }

    [Fact]
    public async Task Run_SiloIsLostAfterAnAnswer_GoesOn()
    {
        TaskCompletionSource lost = new();
        TaskCompletionSource more = new();
        int starts = 0;
        FakeCluster cluster = new() { SiloLost = lost.Task };
        cluster.Generate = (_, _) =>
        {
            starts++;
            return Spoken(more.Task);
        };
        Task<string> running = TextAsync(cluster);

        lost.SetResult();
        more.SetResult();

        Assert.Equal("once upon", await running);
        Assert.Equal(1, starts);
    }

    [Fact]
    public async Task Run_SiloIsLostAfterAnAnswerAndNothingMoreComes_Fails()
    {
        FakeCluster cluster = new() { Generate = (_, _) => Spoken(new TaskCompletionSource().Task) };
        TaskCompletionSource lost = new();
        List<string> texts = [];
        Task<ModelUnavailableException> failing = Assert.ThrowsAsync<ModelUnavailableException>(async () =>
        {
            await foreach (GenerationChunk chunk in Generations.RunAsync(cluster, s_request, "1-0", CancellationToken.None))
            {
                texts.Add(chunk.Text);
                cluster.SiloLost = lost.Task;
            }
        });

        lost.SetResult();

        Assert.Contains("A board was lost", (await failing).Message, StringComparison.Ordinal);
        Assert.Equal(["once"], texts);
    }

    [Fact]
    public async Task Run_SiloIsLostAndTheCompletionRunsOn_IsWaitedFor()
    {
        TaskCompletionSource lost = new();
        TaskCompletionSource more = new();
        FakeCluster cluster = new() { SiloLost = lost.Task, IsRunning = true, Generate = (_, _) => Spoken(more.Task) };
        Task<string> running = TextAsync(cluster);

        lost.SetResult();
        await Task.WhenAny(running, Task.Delay(TimeSpan.FromSeconds(4))); // longer than the silence after which its grain is asked
        Assert.False(running.IsCompleted);
        more.SetResult();

        Assert.Equal("once upon", await running);
    }

    [Fact]
    public async Task Run_CannotBeDelivered_IsStartedAgain()
    {
        int starts = 0;
        FakeCluster cluster = new();
        cluster.Generate = (_, _) => ++starts < 3 ? Undelivered() : FakeCluster.Chunks("once");

        Assert.Equal("once", await TextAsync(cluster));
        Assert.Equal(3, starts);
    }

    [Fact]
    public async Task Run_Fails_TellsTheFault()
    {
        FakeCluster cluster = new() { Generate = (_, _) => throw new ModelUnavailableException(ModelFault.Failed, "A board is lost.") };

        ModelUnavailableException fault = await Assert.ThrowsAsync<ModelUnavailableException>(() => TextAsync(cluster));

        Assert.Equal("A board is lost.", fault.Message);
    }

    private static async Task<string> TextAsync(FakeCluster cluster)
    {
        string text = "";
        await foreach (GenerationChunk chunk in Generations.RunAsync(cluster, s_request, "1-0", CancellationToken.None))
        {
            text += chunk.Text;
        }

        return text;
    }

    private static async IAsyncEnumerable<GenerationChunk> Silent(
        TaskCompletionSource cancelled, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        try
        {
            await Task.Delay(Timeout.Infinite, cancellation);
        }
        finally
        {
            cancelled.SetResult();
        }

        yield break;
    }

    private static async IAsyncEnumerable<GenerationChunk> Undelivered()
    {
        await Task.FromException(new OrleansException("Nobody is there."));
        yield break;
    }

    private static async IAsyncEnumerable<GenerationChunk> Spoken(Task more)
    {
        yield return new GenerationChunk { Text = "once" };
        await more;
        yield return new GenerationChunk { Text = " upon" };
        yield return FakeCluster.Last;
    }
}
