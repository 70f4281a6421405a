using System.Text.Json;
using Halo.Gateway.Serving;
using Halo.Grains;

namespace Halo.Gateway.Endpoints;

[Collection(GatewayTests.Name)]
public sealed class CompletionsApiTests(GatewayFixture fixture)
{
    private readonly TestGateway _gateway = fixture.Gateway;

    [Fact]
    public async Task Post_Plain_HasOpenAiSchema()
    {
        JsonElement answer = await _gateway.CompleteAsync(new { model = "halo-tales", prompt = "Once upon a time", max_tokens = 8, temperature = 0 });

        Assert.Equal(["choices", "created", "id", "model", "object", "usage"], answer.EnumerateObject().Select(field => field.Name).Order());
        Assert.StartsWith("cmpl-", answer.GetProperty("id").GetString(), StringComparison.Ordinal);
        Assert.Equal("text_completion", answer.GetProperty("object").GetString());
        Assert.Equal("halo-tales", answer.GetProperty("model").GetString());
        Assert.InRange(answer.GetProperty("created").GetInt64(), DateTimeOffset.UtcNow.ToUnixTimeSeconds() - 60, DateTimeOffset.UtcNow.ToUnixTimeSeconds());
        JsonElement choice = Assert.Single(answer.GetProperty("choices").EnumerateArray());
        Assert.Equal(["finish_reason", "index", "logprobs", "text"], choice.EnumerateObject().Select(field => field.Name).Order());
        Assert.Equal(0, choice.GetProperty("index").GetInt32());
        Assert.Equal("length", choice.GetProperty("finish_reason").GetString());
        Assert.Equal(JsonValueKind.Null, choice.GetProperty("logprobs").ValueKind);
        Assert.StartsWith(", there was", TextOf(choice), StringComparison.Ordinal);
        AssertUsage(answer, 5, 8);
    }

    [Fact]
    public async Task Post_OnlyAPrompt_TakesOpenAisDefaults()
    {
        JsonElement answer = await _gateway.CompleteAsync(new { prompt = "Once upon a time" });

        Assert.Equal("halo-tales", answer.GetProperty("model").GetString());
        Assert.InRange(answer.GetProperty("usage").GetProperty("completion_tokens").GetInt32(), 1, 16);
    }

    [Fact]
    public async Task Post_Speculate_ReachesTheGenerationAndIsLeftToTheServiceOtherwise()
    {
        List<int?> asked = [];
        FakeCluster cluster = new()
        {
            Generate = (request, _) =>
            {
                asked.Add(request.Speculate);
                return FakeCluster.Chunks("ok");
            },
        };
        await using TestGateway gateway = await TestGateway.StartAsync(cluster.StartAsync);
        await gateway.WaitUntilReadyAsync();
        await gateway.CompleteAsync(new { prompt = "x", speculate = "off" });
        await gateway.CompleteAsync(new { prompt = "x", speculate = "auto" });
        await gateway.CompleteAsync(new { prompt = "x", speculate = 7 });
        await gateway.CompleteAsync(new { prompt = "x" });

        Assert.Equal([Speculation.Off, Speculation.Auto, 7, null], asked);
    }

    [Fact]
    public async Task Post_SeveralPromptsAndChoices_NumbersThemByPrompt()
    {
        JsonElement both = await _gateway.CompleteAsync(new { prompt = new[] { "The dog", "A cat" }, n = 2, seed = 5, max_tokens = 12 });
        JsonElement dog = await _gateway.CompleteAsync(new { prompt = "The dog", n = 2, seed = 5, max_tokens = 12 });
        JsonElement cat = await _gateway.CompleteAsync(new { prompt = "A cat", n = 2, seed = 5, max_tokens = 12 });

        Assert.Equal([0, 1, 2, 3], Choices(both).Select(choice => choice.GetProperty("index").GetInt32()));
        Assert.Equal([.. Texts(dog), .. Texts(cat)], Texts(both));
        Assert.Equal(4, Texts(both).Distinct().Count());
        int prompts = dog.GetProperty("usage").GetProperty("prompt_tokens").GetInt32() + cat.GetProperty("usage").GetProperty("prompt_tokens").GetInt32();
        Assert.Equal(prompts, both.GetProperty("usage").GetProperty("prompt_tokens").GetInt32());
    }

    [Fact]
    public async Task Post_Seed_RepeatsTextAndChoiceKTakesSeedPlusK()
    {
        JsonElement three = await _gateway.CompleteAsync(new { prompt = "One day", n = 3, seed = 40, max_tokens = 16 });
        JsonElement last = await _gateway.CompleteAsync(new { prompt = "One day", seed = 42, max_tokens = 16 });

        Assert.Equal(Texts(three)[2], Texts(last)[0]);
        Assert.Equal(3, Texts(three).Distinct().Count());
    }

    [Fact]
    public async Task Post_NoSeed_DrawsOnePerChoice()
    {
        JsonElement answer = await _gateway.CompleteAsync(new { prompt = "One day", n = 4, max_tokens = 24 });

        Assert.True(Texts(answer).Distinct().Count() > 1, "four unseeded choices are all alike");
    }

    [Fact]
    public async Task Post_NegativeSeed_IsTaken() =>
        Assert.Equal(
            Texts(await _gateway.CompleteAsync(new { prompt = "One day", seed = -1, max_tokens = 8 })),
            Texts(await _gateway.CompleteAsync(new { prompt = "One day", seed = -1, max_tokens = 8 })));

    [Fact]
    public async Task Post_TokensInsteadOfText_ContinueAlike()
    {
        int[] tokens = TokensOf("Once upon a time");
        JsonElement text = await _gateway.CompleteAsync(new { prompt = "Once upon a time", max_tokens = 8, temperature = 0 });
        JsonElement ids = await _gateway.CompleteAsync(new { prompt = tokens, max_tokens = 8, temperature = 0 });
        JsonElement arrays = await _gateway.CompleteAsync(new { prompt = new[] { tokens, tokens }, max_tokens = 8, temperature = 0 });

        Assert.Equal(Texts(text), Texts(ids));
        Assert.Equal([.. Texts(text), .. Texts(text)], Texts(arrays));
        AssertUsage(arrays, 2 * tokens.Length, 16);
    }

    [Fact]
    public async Task Post_EmptyPrompt_BeginsAText()
    {
        JsonElement answer = await _gateway.CompleteAsync(new { prompt = "", max_tokens = 4, temperature = 0 });

        Assert.NotEmpty(Texts(answer)[0]);
        AssertUsage(answer, 1, 4);
    }

    [Theory]
    [InlineData("""  "little"  """)]
    [InlineData("""  ["zebra", "little"]  """)]
    [InlineData("""  [" a litt", "zebra"]  """)] // begins inside one token and ends inside another
    public async Task Post_Stop_EndsBeforeIt(string stop)
    {
        Answer stopped = await _gateway.PostAsync($$"""{"prompt":"Once upon a time","max_tokens":20,"temperature":0,"stop":{{stop}}}""");
        string whole = Texts(await _gateway.CompleteAsync(new { prompt = "Once upon a time", max_tokens = 20, temperature = 0 }))[0];

        JsonElement choice = Choices(stopped.Json).Single();
        string first = stop.Contains(" a litt", StringComparison.Ordinal) ? " a litt" : "little";
        Assert.Equal(whole[..whole.IndexOf(first, StringComparison.Ordinal)], TextOf(choice));
        Assert.Equal("stop", choice.GetProperty("finish_reason").GetString());
    }

    [Fact]
    public async Task Post_EndOfText_FinishesByStop()
    {
        JsonElement answer = await _gateway.CompleteAsync(new { prompt = "They lived happily ever after. The end.", max_tokens = 400, temperature = 0 });

        Assert.InRange(answer.GetProperty("usage").GetProperty("completion_tokens").GetInt32(), 1, 399);
        Assert.Equal("stop", Choices(answer).Single().GetProperty("finish_reason").GetString());
    }

    [Fact]
    public async Task Post_EchoAndLogprobs_OffsetsPointAtTheTokens()
    {
        JsonElement answer = await _gateway.CompleteAsync(new { prompt = "Tom said “naïve 🐈” and", max_tokens = 8, temperature = 0, echo = true, logprobs = 3 });

        JsonElement choice = Choices(answer).Single();
        Assert.StartsWith("Tom said “naïve 🐈” and", TextOf(choice), StringComparison.Ordinal);
        AssertLogprobs(choice, top: 3);
        JsonElement logprobs = choice.GetProperty("logprobs");
        Assert.Equal(JsonValueKind.Null, logprobs.GetProperty("token_logprobs")[0].ValueKind);
        Assert.Equal(JsonValueKind.Null, logprobs.GetProperty("top_logprobs")[0].ValueKind);
        JsonElement usage = answer.GetProperty("usage");
        Assert.Equal(usage.GetProperty("total_tokens").GetInt32(), logprobs.GetProperty("tokens").GetArrayLength());
    }

    [Fact]
    public async Task Post_LogprobsWithoutEcho_DescribeTheCompletionOnly()
    {
        JsonElement choice = Choices(await _gateway.CompleteAsync(new { prompt = "Once upon a time", max_tokens = 6, temperature = 0, logprobs = 0 })).Single();

        AssertLogprobs(choice, top: 0);
        JsonElement logprobs = choice.GetProperty("logprobs");
        Assert.Equal(6, logprobs.GetProperty("tokens").GetArrayLength());
        Assert.All(logprobs.GetProperty("token_logprobs").EnumerateArray(), value => Assert.InRange(value.GetDouble(), -20, 0));
    }

    [Fact]
    public async Task Post_NoTokensWithEcho_ScoresThePrompt()
    {
        JsonElement answer = await _gateway.CompleteAsync(new { prompt = "Once upon a time", max_tokens = 0, echo = true, logprobs = 1 });

        JsonElement choice = Choices(answer).Single();
        Assert.Equal("Once upon a time", TextOf(choice));
        Assert.Equal(5, choice.GetProperty("logprobs").GetProperty("tokens").GetArrayLength());
        AssertLogprobs(choice, top: 1);
        AssertUsage(answer, 5, 0);
    }

    [Fact]
    public async Task Post_UnknownFieldsAndNulls_AreIgnored()
    {
        Answer answer = await _gateway.PostAsync(
            """{"prompt":"Hi","max_tokens":2,"user":"u","frobnicate":{"x":[1]},"stop":null,"logit_bias":{},"suffix":null,"best_of":1,"seed":null,"stream":null}""");

        Assert.Equal(System.Net.HttpStatusCode.OK, answer.Status);
    }

    [Fact]
    public async Task Post_SixteenAtOnce_GiveTheTextsOfOneAfterAnotherInFewerSteps()
    {
        object[] requests = [.. Enumerable.Range(0, 16).Select(index => (object)new { prompt = $"The {index} birds", seed = index, max_tokens = 24, stop = "zzz" })];
        ISchedulerGrain scheduler = _gateway.Model.Grains.GetGrain<ISchedulerGrain>("halo-tales");

        long begin = (await scheduler.GetStatisticsAsync()).StepCount;
        List<string> apart = [];
        foreach (object request in requests)
        {
            apart.Add(Texts(await _gateway.CompleteAsync(request))[0]);
        }

        long between = (await scheduler.GetStatisticsAsync()).StepCount;
        JsonElement[] together = await Task.WhenAll(requests.Select(_gateway.CompleteAsync));
        long end = (await scheduler.GetStatisticsAsync()).StepCount;

        Assert.Equal(apart, together.Select(answer => Texts(answer)[0]));
        Assert.True(end - between < (between - begin) / 2, $"{end - between} steps together, {between - begin} one after another");
    }

    private static void AssertLogprobs(JsonElement choice, int top)
    {
        // Offsets count code points, as Python indexes strings.
        string[] characters = [.. TextOf(choice).EnumerateRunes().Select(rune => rune.ToString())];
        JsonElement logprobs = choice.GetProperty("logprobs");
        JsonElement[] tokens = [.. logprobs.GetProperty("tokens").EnumerateArray()];
        Assert.Equal(tokens.Length, logprobs.GetProperty("token_logprobs").GetArrayLength());
        Assert.Equal(tokens.Length, logprobs.GetProperty("top_logprobs").GetArrayLength());
        Assert.Equal(tokens.Length, logprobs.GetProperty("text_offset").GetArrayLength());
        for (int index = 0; index < tokens.Length; index++)
        {
            string token = tokens[index].GetString()!;
            int offset = logprobs.GetProperty("text_offset")[index].GetInt32();
            Assert.Equal(token, string.Concat(characters[offset..(offset + token.EnumerateRunes().Count())]));
            if (logprobs.GetProperty("top_logprobs")[index] is { ValueKind: JsonValueKind.Object } likeliest)
            {
                Assert.InRange(likeliest.EnumerateObject().Count(), 1, top + 1);
                Assert.True(likeliest.TryGetProperty(token, out _));
            }
        }
    }

    private static void AssertUsage(JsonElement answer, int promptTokens, int completionTokens)
    {
        JsonElement usage = answer.GetProperty("usage");
        Assert.Equal(promptTokens, usage.GetProperty("prompt_tokens").GetInt32());
        Assert.Equal(completionTokens, usage.GetProperty("completion_tokens").GetInt32());
        Assert.Equal(promptTokens + completionTokens, usage.GetProperty("total_tokens").GetInt32());
    }

    private static int[] TokensOf(string text)
    {
        using Halo.Boards.LoadedModel model = Halo.Boards.LoadedModel.Open("halo-tales", TestPaths.BundledModel, new());
        return model.Tokenizer.Encode(text, addBos: true);
    }

    private static JsonElement[] Choices(JsonElement answer) => [.. answer.GetProperty("choices").EnumerateArray()];

    private static string[] Texts(JsonElement answer) => [.. Choices(answer).Select(TextOf)];

    private static string TextOf(JsonElement choice) => choice.GetProperty("text").GetString()!;
}
