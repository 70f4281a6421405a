using System.Net;
using Halo.Grains;

namespace Halo.Gateway.Serving;

/// <summary>A gateway of a cluster whose boards, and models with them, come after it.</summary>
public sealed class ComingModelsTests
{
    private static readonly string[] s_soon = ["--Halo:Gateway:RetryInterval", "00:00:00.1"];

    [Theory]
    [InlineData("""{"prompt":"x"}""")]
    [InlineData("""{"model":"halo-tales","prompt":"x"}""")]
    public async Task Complete_BeforeAnyModelHasCome_IsToldToTryLater(string request)
    {
        FakeCluster cluster = Empty();
        await using TestGateway gateway = await TestGateway.StartWithoutModelsAsync(cluster.StartAsync, s_soon);

        Answer answer = await gateway.PostAsync(request);
        string message = answer.AssertError(HttpStatusCode.ServiceUnavailable, "model", "model_not_ready");
        Assert.Contains("No board with a model has joined", message, StringComparison.Ordinal);
        Assert.NotNull(answer.Headers.RetryAfter);

        Assert.Equal(0, (await gateway.GetAsync("/v1/models")).Json.GetProperty("data").GetArrayLength());
        (await gateway.GetAsync("/v1/models/halo-tales")).AssertError(HttpStatusCode.ServiceUnavailable, "model", "model_not_ready");
        Answer ready = await gateway.GetAsync("/readyz");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.Status);
        Assert.Contains("No board with a model has joined", ready.Text, StringComparison.Ordinal);
        Assert.Equal(0, cluster.Loads);
    }

    [Fact]
    public async Task Load_ModelsComeOneAfterTheOther_AreServedInTheOrderInWhichTheyCame()
    {
        FakeCluster cluster = Empty();
        await using TestGateway gateway = await TestGateway.StartWithoutModelsAsync(cluster.StartAsync, s_soon);
        cluster.ModelNames = ["tales"];
        await gateway.WaitUntilReadyAsync();
        Assert.Equal("tales", (await gateway.CompleteAsync(new { prompt = "x" })).GetProperty("model").GetString());
        (await gateway.PostAsync("""{"model":"later","prompt":"x"}""")).AssertError(HttpStatusCode.NotFound, "model", "model_not_found");

        cluster.ModelNames = ["another", "tales"];
        await Until.TrueAsync("the second model is served", async () => (await gateway.PostAsync("""{"model":"another","prompt":"x"}""")).Status == HttpStatusCode.OK);
        Assert.Equal("tales", (await gateway.CompleteAsync(new { prompt = "x" })).GetProperty("model").GetString()); // the default stays
        Assert.Equal(["tales", "another"], await NamesAsync(gateway));
    }

    [Fact]
    public async Task Load_ModelsBoardsGoAndComeBack_KeepsTheModel()
    {
        FakeCluster cluster = Empty();
        await using TestGateway gateway = await TestGateway.StartWithoutModelsAsync(cluster.StartAsync, s_soon);
        cluster.Load = () => throw new ModelUnavailableException(ModelFault.Unknown, "There is no model 'tales'; this service has other.");
        cluster.ModelNames = ["tales"];
        await Until.TrueAsync("the model was tried twice", () => Task.FromResult(cluster.Loads >= 2)); // where models come, an unknown one may be known later
        (await gateway.PostAsync("""{"prompt":"x"}""")).AssertError(HttpStatusCode.NotFound, "model", "model_not_found");

        cluster.Load = () => Task.CompletedTask;
        await gateway.WaitUntilReadyAsync();
        cluster.ModelNames = [];
        await gateway.WaitUntilReadyAsync();
        Assert.Equal(["tales"], await NamesAsync(gateway));
    }

    private static FakeCluster Empty() => new() { BoardsMayCome = true, ModelsMayCome = true };

    private static async Task<IEnumerable<string?>> NamesAsync(TestGateway gateway) =>
        (await gateway.GetAsync("/v1/models")).Json.GetProperty("data").EnumerateArray().Select(model => model.GetProperty("id").GetString()).ToList();
}
