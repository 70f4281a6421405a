using System.Text.Json;
using Halo.Grains;

namespace Halo.Gateway.Endpoints;

[Collection(GatewayTests.Name)]
public sealed class CompletionStreamTests(GatewayFixture fixture)
{
    private readonly TestGateway _gateway = fixture.Gateway;

    [Theory]
    [InlineData(0.0, 1)]
    [InlineData(1.0, 1)]
    [InlineData(1.0, 3)]
    public async Task Post_Streamed_JoinsToThePlainText(double temperature, int n)
    {
        string[] prompts = ["Once upon a time", "The cat"];
        JsonElement plain = await _gateway.CompleteAsync(new { prompt = prompts, temperature, n, seed = 3, max_tokens = 24, stop = "little g" });
        List<string> events = await _gateway.StreamAsync(new { prompt = prompts, temperature, n, seed = 3, max_tokens = 24, stop = "little g", stream = true });

        Assert.Equal("[DONE]", events[^1]);
        JsonElement[] parsed = [.. events[..^1].Select(text => JsonDocument.Parse(text).RootElement)];
        Assert.Single(parsed.Select(item => item.GetProperty("id").GetString()).Distinct());
        Assert.All(parsed, item => Assert.Equal(["choices", "created", "id", "model", "object"], item.EnumerateObject().Select(field => field.Name).Order()));
        JsonElement[] pieces = [.. parsed.Select(item => item.GetProperty("choices").EnumerateArray().Single())];
        foreach (JsonElement choice in plain.GetProperty("choices").EnumerateArray())
        {
            int index = choice.GetProperty("index").GetInt32();
            JsonElement[] own = [.. pieces.Where(piece => piece.GetProperty("index").GetInt32() == index)];
            Assert.Equal(choice.GetProperty("text").GetString(), string.Concat(own.Select(piece => piece.GetProperty("text").GetString())));
            Assert.All(own[..^1], piece => Assert.Equal(JsonValueKind.Null, piece.GetProperty("finish_reason").ValueKind));
            Assert.Equal(choice.GetProperty("finish_reason").GetString(), own[^1].GetProperty("finish_reason").GetString());
        }

        Assert.Equal(2 * n, pieces.Select(piece => piece.GetProperty("index").GetInt32()).Distinct().Count());
    }

    [Fact]
    public async Task Post_SeveralChoices_ComeInterleaved()
    {
        List<string> events = await _gateway.StreamAsync(new { prompt = "Once upon a time", n = 2, seed = 1, max_tokens = 24, stream = true });

        int[] order = [.. events[..^1].Select(text => JsonDocument.Parse(text).RootElement.GetProperty("choices")[0].GetProperty("index").GetInt32())];
        int lastOfFirst = Array.LastIndexOf(order, 0);
        Assert.True(Array.IndexOf(order, 1) < lastOfFirst, $"one choice after the other: {string.Join(",", order)}");
    }

    [Fact]
    public async Task Post_IncludeUsage_LastEventHasItAndTheOthersNull()
    {
        List<string> events = await _gateway.StreamAsync(
            new { prompt = "Once upon a time", n = 2, temperature = 0, max_tokens = 4, stream = true, stream_options = new { include_usage = true } });

        JsonElement[] parsed = [.. events[..^1].Select(text => JsonDocument.Parse(text).RootElement)];
        Assert.All(parsed[..^1], item => Assert.Equal(JsonValueKind.Null, item.GetProperty("usage").ValueKind));
        Assert.Empty(parsed[^1].GetProperty("choices").EnumerateArray());
        Assert.Equal("""{"prompt_tokens":5,"completion_tokens":8,"total_tokens":13}""", parsed[^1].GetProperty("usage").GetRawText());
    }

    [Fact]
    public async Task Post_StreamedLogprobs_JoinToThePlainOnes()
    {
        object Request(bool stream) => new { prompt = "Once upon a time", temperature = 0, max_tokens = 8, echo = true, logprobs = 2, stream };
        JsonElement plain = (await _gateway.CompleteAsync(Request(false))).GetProperty("choices")[0].GetProperty("logprobs");
        List<string> events = await _gateway.StreamAsync(Request(true));

        JsonElement[] pieces = [.. events[..^1]
            .Select(text => JsonDocument.Parse(text).RootElement.GetProperty("choices")[0].GetProperty("logprobs"))
            .Where(logprobs => logprobs.ValueKind == JsonValueKind.Object)];
        foreach (string field in (string[])["tokens", "token_logprobs", "top_logprobs", "text_offset"])
        {
            Assert.Equal(
                plain.GetProperty(field).EnumerateArray().Select(item => item.GetRawText()),
                pieces.SelectMany(piece => piece.GetProperty(field).EnumerateArray()).Select(item => item.GetRawText()));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Post_ClientLeaves_FreesTheKv(bool stream)
    {
        // 128 choices, of which 16 or 17 find room for their KV at once: thousands of steps unless they are cancelled.
        string[] prompts = [.. Enumerable.Range(0, 8).Select(number => $"Once upon a time {number}")];
        object request = new { prompt = prompts, n = 16, seed = 1, max_tokens = 480, stream, logprobs = 1 };
        using CancellationTokenSource leave = new();
        Task<HttpResponseMessage> response = _gateway.OpenStreamAsync(request, leave.Token);
        await Until.TrueAsync("the boards hold the choices' KV", async () => await SequenceCountAsync() > 0);
        if (stream)
        {
            using HttpResponseMessage begun = await response;
            await (await begun.Content.ReadAsStreamAsync()).ReadExactlyAsync(new byte[200]);
        }

        await leave.CancelAsync();
        if (!stream)
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => response);
        }

        long steps = (await SchedulerAsync()).StepCount;
        await Until.TrueAsync("no board holds KV of a sequence", async () => await SequenceCountAsync() == 0);
        await Until.TrueAsync("the scheduler has no sequence", async () => await SchedulerAsync() is { RunningCount: 0, WaitingCount: 0 });
        Assert.InRange((await SchedulerAsync()).StepCount - steps, 0, 1000);
    }

    private Task<SchedulerStatistics> SchedulerAsync() => _gateway.Model.Grains.GetGrain<ISchedulerGrain>("halo-tales").GetStatisticsAsync();

    private async Task<int> SequenceCountAsync()
    {
        string[] boards = ["b1", "b2", "b3"];
        BoardStatistics[] all = await Task.WhenAll(boards.Select(name => _gateway.Model.Grains.GetGrain<IBoardGrain>(name).GetStatisticsAsync("halo-tales")));
        return all.Sum(board => board.SequenceCount);
    }
}
