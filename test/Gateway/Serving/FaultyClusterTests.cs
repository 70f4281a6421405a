using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Halo.Boards;
using Halo.Grains;

namespace Halo.Gateway.Serving;

/// <summary>What a client sees of a cluster that hangs, fails or is full.</summary>
public sealed class FaultyClusterTests
{
    [Fact]
    public async Task Ready_LoadHangs_SaysSoAndServesTheRest()
    {
        TaskCompletionSource load = new();
        FakeCluster cluster = new() { Load = () => load.Task };
        await using TestGateway gateway = await TestGateway.StartAsync(cluster.StartAsync);

        Assert.Equal(HttpStatusCode.OK, (await gateway.GetAsync("/healthz")).Status);
        Answer ready = await gateway.GetAsync("/readyz");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.Status);
        Assert.Contains("not loaded yet", ready.Text, StringComparison.Ordinal);
        Answer completion = await gateway.PostAsync("""{"prompt":"x"}""");
        completion.AssertError(HttpStatusCode.ServiceUnavailable, "model", "model_not_ready");
        Assert.NotNull(completion.Headers.RetryAfter);

        load.SetResult();
        await gateway.WaitUntilReadyAsync();
        Assert.Equal(HttpStatusCode.OK, (await gateway.PostAsync("""{"prompt":"x"}""")).Status);
    }

    [Theory]
    [InlineData(ModelFault.DoesNotFit, "model_does_not_fit")]
    [InlineData(ModelFault.Unusable, "model_unusable")]
    [InlineData(ModelFault.Failed, "model_failed")]
    public async Task Ready_LoadFails_GivesTheReason(ModelFault fault, string code)
    {
        FakeCluster cluster = new() { Load = () => throw new ModelUnavailableException(fault, "3 GB are missing.") };
        await using TestGateway gateway = await TestGateway.StartAsync(cluster.StartAsync);

        await Until.TrueAsync("/readyz gives the reason", async () => (await gateway.GetAsync("/readyz")).Text.Contains("3 GB", StringComparison.Ordinal));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await gateway.GetAsync("/readyz")).Status);
        Assert.Equal(HttpStatusCode.OK, (await gateway.GetAsync("/healthz")).Status);
        (await gateway.PostAsync("""{"prompt":"x"}""")).AssertError(HttpStatusCode.ServiceUnavailable, "model", code);
    }

    [Fact]
    public async Task Ready_ClusterDoesNotStart_KeepsTheDetailsInTheLog()
    {
        await using TestGateway gateway = await TestGateway.StartAsync(_ => throw new InvalidDataException("/secret/path"));

        await Until.TrueAsync("/readyz tells of the failure", async () => (await gateway.GetAsync("/readyz")).Text.Contains("see the log", StringComparison.Ordinal));
        string message = (await gateway.PostAsync("""{"prompt":"x"}""")).AssertError(HttpStatusCode.ServiceUnavailable, "model", "model_failed");
        Assert.DoesNotContain("secret", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ready_ModelFailsLater_IsNotReadyAnyMore()
    {
        FakeCluster cluster = new();
        await using TestGateway gateway = await ReadyAsync(cluster);
        cluster.Load = () => throw new ModelUnavailableException(ModelFault.Failed, "Board b2 is gone.");

        Answer ready = await gateway.GetAsync("/readyz");

        Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.Status);
        Assert.Contains("b2", ready.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ready_StepsStandStill_IsNotReadyUntilTheyMove()
    {
        FakeCluster cluster = new();
        await using TestGateway gateway = await ReadyAsync(cluster, "--Halo:Gateway:StallDeadline", "00:00:01");
        cluster.Statistics = new SchedulerStatistics(7, 7, 0, RunningCount: 2, WaitingCount: 0);

        await Until.TrueAsync("/readyz notices the stall", async () => (await gateway.GetAsync("/readyz")).Status == HttpStatusCode.ServiceUnavailable);
        Assert.Contains("2 sequences running", (await gateway.GetAsync("/readyz")).Text, StringComparison.Ordinal);
        cluster.Statistics = new SchedulerStatistics(8, 8, 0, RunningCount: 2, WaitingCount: 0);
        Assert.Equal(HttpStatusCode.OK, (await gateway.GetAsync("/readyz")).Status);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Post_GrainRefuses_IsBadRequestEvenWhereStreamed(bool stream)
    {
        FakeCluster cluster = new() { Generate = (_, _) => Failing([], new BadRequestException("max_tokens", "max_tokens does not fit.")) };
        await using TestGateway gateway = await ReadyAsync(cluster);

        Answer answer = await gateway.PostAsync(JsonSerializer.Serialize(new { prompt = "x", stream }));

        Assert.Equal("max_tokens does not fit.", answer.AssertError(HttpStatusCode.BadRequest, "max_tokens", null));
    }

    [Fact]
    public async Task Post_UnexpectedFault_TellsTheIdAndNoMore()
    {
        FakeCluster cluster = new() { Generate = (_, _) => Failing([], new InvalidOperationException("secret detail")) };
        await using TestGateway gateway = await ReadyAsync(cluster);

        Answer answer = await gateway.PostAsync("""{"prompt":"x"}""");

        string message = answer.AssertError(HttpStatusCode.InternalServerError, null, "internal_error");
        Assert.DoesNotContain("secret", answer.Text, StringComparison.Ordinal);
        Assert.Contains(answer.Headers.GetValues("X-Request-Id").Single(), message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Post_FaultWithinAStream_EndsItWithAnErrorEvent()
    {
        FakeCluster cluster = new()
        {
            Generate = (_, _) => Failing(["one", " two"], new ModelUnavailableException(ModelFault.Failed, "Board b2 is gone.")),
        };
        await using TestGateway gateway = await ReadyAsync(cluster);

        List<string> events = await gateway.StreamAsync(new { prompt = "x", stream = true });

        Assert.Equal(3, events.Count);
        JsonElement error = JsonDocument.Parse(events[^1]).RootElement.GetProperty("error");
        Assert.Equal("Board b2 is gone.", error.GetProperty("message").GetString());
        Assert.Equal("model_failed", error.GetProperty("code").GetString());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Post_BoardIsLost_NamesItAndAsksNobodyAgain(bool stream)
    {
        const string lost = "Board b2 is lost: it has been silent for 5 s.";
        int generations = 0;
        FakeCluster cluster = new();
        cluster.Generate = (_, _) =>
        {
            Interlocked.Increment(ref generations);
            return Failing([], new ModelUnavailableException(ModelFault.Failed, lost));
        };
        await using TestGateway gateway = await ReadyAsync(cluster);

        Answer answer = await gateway.PostAsync(JsonSerializer.Serialize(new { prompt = "x", stream }));

        Assert.Equal(lost, answer.AssertError(HttpStatusCode.ServiceUnavailable, "model", "model_failed"));
        Assert.Equal(1, generations);
    }

    [Fact]
    public async Task Post_BoardIsLostBeforeItsPlanWasMade_NamesItToo()
    {
        FakeCluster cluster = new() { Generate = (_, _) => Failing([], new BoardLostException("b2", "Board b2 is lost: it was restarted.")) };
        await using TestGateway gateway = await ReadyAsync(cluster);

        Answer answer = await gateway.PostAsync("""{"prompt":"x"}""");

        Assert.Contains("b2", answer.AssertError(HttpStatusCode.ServiceUnavailable, "model", "model_failed"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Post_OneChoiceFails_CancelsTheOthers()
    {
        int cancelled = 0;
        FakeCluster cluster = new();
        cluster.Generate = (request, stop) => request.Sampling.Seed == 0
            ? Failing([], new ModelUnavailableException(ModelFault.Failed, "Board b2 is gone."))
            : Endless(() => cancelled++, stop);
        await using TestGateway gateway = await ReadyAsync(cluster);

        (await gateway.PostAsync("""{"prompt":"x","n":3,"seed":0}""")).AssertError(HttpStatusCode.ServiceUnavailable, "model", "model_failed");

        Assert.Equal(2, cancelled);
    }

    [Fact]
    public async Task Post_LimitReached_AsksToRetry()
    {
        TaskCompletionSource release = new();
        FakeCluster cluster = new() { Generate = (_, _) => After(release.Task) };
        await using TestGateway gateway = await ReadyAsync(cluster, "--Halo:Gateway:MaxRequestsInFlight", "2");
        Task<Answer>[] requests = [.. Enumerable.Range(0, 5).Select(_ => gateway.PostAsync("""{"prompt":"x"}"""))];

        await Until.TrueAsync("three of five requests are refused", () => Task.FromResult(requests.Count(request => request.IsCompleted) == 3));
        foreach (Task<Answer> refused in requests.Where(request => request.IsCompleted))
        {
            (await refused).AssertError(HttpStatusCode.TooManyRequests, null, "rate_limit_exceeded");
            Assert.NotNull((await refused).Headers.RetryAfter);
        }

        Assert.Equal(HttpStatusCode.OK, (await gateway.GetAsync("/v1/models")).Status);
        release.SetResult();
        Assert.Equal(2, (await Task.WhenAll(requests)).Count(answer => answer.Status == HttpStatusCode.OK));
        Assert.Equal(HttpStatusCode.OK, (await gateway.PostAsync("""{"prompt":"x"}""")).Status);
    }

    [Fact]
    public async Task Post_NothingToSayForLong_SendsComments()
    {
        TaskCompletionSource release = new();
        FakeCluster cluster = new() { Generate = (_, _) => After(release.Task) };
        await using TestGateway gateway = await ReadyAsync(cluster, "--Halo:Gateway:StreamHeartbeat", "00:00:00.1");

        using HttpResponseMessage response = await gateway.OpenStreamAsync(new { prompt = "x", stream = true }, CancellationToken.None);
        byte[] begin = new byte[": working\n\n".Length];
        await (await response.Content.ReadAsStreamAsync()).ReadExactlyAsync(begin);

        Assert.Equal(": working\n\n", Encoding.UTF8.GetString(begin));
        release.SetResult();
    }

    [Fact]
    public async Task Post_ClientLeaves_CancelsEveryChoice()
    {
        int started = 0;
        int cancelled = 0;
        FakeCluster cluster = new();
        cluster.Generate = (_, stop) =>
        {
            Interlocked.Increment(ref started);
            return Endless(() => Interlocked.Increment(ref cancelled), stop);
        };
        await using TestGateway gateway = await ReadyAsync(cluster);
        using CancellationTokenSource leave = new();
        Task<HttpResponseMessage> request = gateway.OpenStreamAsync(new { prompt = "x", n = 3 }, leave.Token);

        await Until.TrueAsync("three choices run", () => Task.FromResult(Volatile.Read(ref started) == 3));
        await leave.CancelAsync();

        await Until.TrueAsync("three choices are cancelled", () => Task.FromResult(Volatile.Read(ref cancelled) == 3));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => request);
    }

    [Fact]
    public async Task Post_BodyNeverArrives_TimesOut()
    {
        await using TestGateway gateway = await ReadyAsync(new FakeCluster(), "--Halo:Gateway:BodyDeadline", "00:00:01");
        using TcpClient client = new();
        await client.ConnectAsync(gateway.Address.Host, gateway.Address.Port);
        await client.GetStream().WriteAsync(
            "POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"u8.ToArray());

        byte[] answer = new byte[12];
        await client.GetStream().ReadExactlyAsync(answer);

        Assert.Equal("HTTP/1.1 408", Encoding.ASCII.GetString(answer));
    }

    [Fact]
    public async Task Dispose_Cluster_IsStoppedWithTheServer()
    {
        FakeCluster cluster = new();
        await (await ReadyAsync(cluster)).DisposeAsync();

        await Until.TrueAsync("the cluster is disposed", () => Task.FromResult(cluster.IsDisposed));
    }

    private static async Task<TestGateway> ReadyAsync(FakeCluster cluster, params string[] args)
    {
        TestGateway gateway = await TestGateway.StartAsync(cluster.StartAsync, args);
        await gateway.WaitUntilReadyAsync();
        return gateway;
    }

    private static async IAsyncEnumerable<GenerationChunk> Failing(string[] texts, Exception fault)
    {
        foreach (string text in texts)
        {
            yield return new GenerationChunk { Text = text };
        }

        await Task.Yield();
        throw fault;
    }

    private static async IAsyncEnumerable<GenerationChunk> After(Task release)
    {
        await release;
        yield return FakeCluster.Last;
    }

    private static async IAsyncEnumerable<GenerationChunk> Endless(Action cancelled, [EnumeratorCancellation] CancellationToken stop)
    {
        try
        {
            await Task.Delay(Timeout.Infinite, stop);
        }
        finally
        {
            cancelled();
        }

        yield return FakeCluster.Last;
    }
}
