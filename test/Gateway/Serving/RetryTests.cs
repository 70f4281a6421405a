using System.Net;
using Halo.Grains;
using Halo.Silo.Membership;

namespace Halo.Gateway.Serving;

/// <summary>A service that is started before its boards.</summary>
public sealed class RetryTests
{
    private static readonly string[] s_soon = ["--Halo:Gateway:RetryInterval", "00:00:00.1"];

    [Theory]
    [InlineData(ModelFault.DoesNotFit)]
    [InlineData(ModelFault.Failed)]
    public async Task Load_FailsUntilABoardComes_BecomesReadyByItself(ModelFault fault)
    {
        using TemporaryKey key = new();
        FakeCluster cluster = new() { BoardsMayCome = true, Load = () => throw new ModelUnavailableException(fault, "Short by 3 GB.") };
        await using TestGateway gateway = await TestGateway.StartAsync(cluster.StartAsync, ["--key-file", key.Path, .. s_soon]);

        await Until.TrueAsync("the model was tried three times", () => Task.FromResult(cluster.Loads >= 3));
        Assert.Contains("3 GB", (await gateway.GetAsync("/readyz")).Text, StringComparison.Ordinal);
        Assert.Single(gateway.Warnings, line => line.Contains("3 GB", StringComparison.Ordinal)); // Said once, not at every try.
        cluster.Load = () => Task.CompletedTask;

        await gateway.WaitUntilReadyAsync();
        Assert.Equal(HttpStatusCode.OK, (await gateway.PostAsync("""{"prompt":"x"}""")).Status);
    }

    [Fact]
    public async Task Load_FileIsUnusable_IsNotTriedAgain()
    {
        using TemporaryKey key = new();
        FakeCluster cluster = new()
        {
            BoardsMayCome = true,
            Load = () => throw new ModelUnavailableException(ModelFault.Failed, "first"),
        };
        await using TestGateway gateway = await TestGateway.StartAsync(cluster.StartAsync, ["--key-file", key.Path, .. s_soon]);
        await Until.TrueAsync("the model was tried", () => Task.FromResult(cluster.Loads > 0));
        cluster.Load = () => throw new ModelUnavailableException(ModelFault.Unusable, "It is no GGUF file.");
        await Until.TrueAsync("the reason is told", () => Task.FromResult(gateway.Warnings.Any(line => line.Contains("no GGUF", StringComparison.Ordinal))));
        int loads = cluster.Loads;

        await Task.Delay(TimeSpan.FromMilliseconds(250)); // two intervals and a half, in which nothing may happen

        Assert.Equal(loads, cluster.Loads);
    }

    [Fact]
    public async Task Start_NamedBoardDoesNotAnswer_WarnsAndServes()
    {
        using TemporaryKey key = new();
        FakeCluster cluster = new()
        {
            BoardsMayCome = true,
            Missing = [new BoardView("", new Uri("http://10.0.0.12:5100"), BoardState.Connecting, "the cluster keys differ", 0, 0, 0, null, 0)],
        };
        await using TestGateway gateway = await TestGateway.StartAsync(cluster.StartAsync, "--key-file", key.Path, "--board", "http://10.0.0.12:5100");

        await gateway.WaitUntilReadyAsync();

        Assert.Contains(gateway.Warnings, line => line.EndsWith("http://10.0.0.12:5100: the cluster keys differ", StringComparison.Ordinal));
    }
}
