using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Halo.Gateway.Serving;

namespace Halo.Gateway;

public sealed class GatewayMetricsTests
{
    [Fact]
    public async Task Post_Completion_IsMeasured()
    {
        ConcurrentBag<string> measured = [];
        using MeterListener listener = new();
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Meter.Name == "Halo.Gateway")
            {
                self.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => measured.Add($"{instrument.Name} {value} {tags[0].Value}"));
        listener.SetMeasurementEventCallback<double>((instrument, _, _, _) => measured.Add($"{instrument.Name} {instrument.Unit}"));
        listener.Start();
        // Numbers that no other test's gateway has: listeners hear all of the process.
        GenerationChunks chunks = new(PromptTokens: 31, CompletionTokens: 17);
        FakeCluster cluster = new() { Generate = (_, _) => chunks.All() };
        await using TestGateway gateway = await TestGateway.StartAsync(cluster.StartAsync);
        await gateway.WaitUntilReadyAsync();

        await gateway.CompleteAsync(new { prompt = "x", n = 2 });

        await Until.TrueAsync("the request is counted", () => Task.FromResult(measured.Contains("halo.gateway.requests 1 200")));
        Assert.Single(measured, "halo.gateway.tokens 31 prompt");
        Assert.Equal(2, measured.Count(text => text == "halo.gateway.tokens 17 completion"));
        Assert.Contains("halo.gateway.time_to_first_token s", measured);
        Assert.Contains("halo.gateway.time_per_output_token s", measured);
    }

    private sealed record GenerationChunks(int PromptTokens, int CompletionTokens)
    {
        public async IAsyncEnumerable<Grains.GenerationChunk> All()
        {
            await Task.Yield();
            yield return FakeCluster.Last with { PromptTokenCount = PromptTokens, CompletionTokenCount = CompletionTokens };
        }
    }
}
