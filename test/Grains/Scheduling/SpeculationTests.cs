using System.Text;

namespace Halo.Grains.Tests.Scheduling;

/// <summary>Whole completions with guesses and without: nothing may differ but the steps.</summary>
public sealed class SpeculationTests
{
    private const string Model = BundledModel.Name;
    private const string Lost = "Board b2 is lost: it was unplugged.";
    private static readonly string s_repeating = string.Concat(Enumerable.Repeat("The cat sat on the mat and saw a bird. ", 8));

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Generate_AnyRequests_GivesTheSameTokensAndScoresWithGuesses(int seed)
    {
        await using HaloCluster cluster = await StartAsync(1 + seed);
        Random random = new(seed);
        GenerationRequest[] requests =
        [
            Completions.Greedy(Model, s_repeating, 60) with { LogProbabilities = 1 }, // repeats itself for sure
            .. Enumerable.Range(0, 4 * Nightly.Repeats).Select(_ => AnyRequest(random)),
        ];
        List<string> expected = [];
        foreach (GenerationRequest request in requests)
        {
            expected.Add(await RunAsync(cluster, request with { Speculate = Speculation.Off }));
        }

        Assert.Equal(0, (await StatisticsAsync(cluster)).DraftedTokenCount);
        foreach (int speculate in (int[])[2, 16, Speculation.Auto])
        {
            // All at once, so that guesses of several share steps.
            string[] actual = await Task.WhenAll(requests.Select(request => RunAsync(cluster, request with { Speculate = speculate })));
            Assert.Equal(expected, actual);
        }

        SchedulerStatistics statistics = await StatisticsAsync(cluster);
        Assert.True(
            statistics.AcceptedTokenCount > 30 && statistics.DraftedTokenCount > statistics.AcceptedTokenCount + 30,
            $"{statistics.AcceptedTokenCount} of {statistics.DraftedTokenCount} guesses were right: that would prove little.");
        await AssertFreeAsync(cluster);
    }

    [Fact]
    public async Task Generate_TextThatRepeats_TakesFewerSteps()
    {
        await using HaloCluster cluster = await StartAsync(2);
        SequenceRequest request = new()
        {
            Tokens = cluster.Models.Open(Model).Tokenizer.Encode(s_repeating, addBos: true),
            MaxTokens = 120,
            Sampling = new SamplingOptions { Temperature = 0 },
            EndTokens = [],
        };
        await cluster.TextAsync(Completions.Greedy(Model, "x", 1));
        (int[] plain, long plainSteps) = await RunAsync(cluster, request);
        (int[] guessed, long steps) = await RunAsync(cluster, request with { Speculate = 8 });
        Assert.Equal(plain, guessed);
        Assert.Equal(120, guessed.Length);
        Assert.InRange(plainSteps, 120, 130);
        Assert.True(steps * 5 < plainSteps * 4, $"{steps} steps with guesses, {plainSteps} without.");
    }

    [Fact]
    public async Task Generate_BoardLostWhileGuessesAreUnderWay_GivesEveryTokenOnce()
    {
        await using HaloCluster cluster = await StartAsync(3);
        GenerationRequest request = Completions.Greedy(Model, s_repeating, 60) with { LogProbabilities = 2, Speculate = 6 };
        GenerationRequest sampled = request with { Sampling = new SamplingOptions { Temperature = 0.7f, RepetitionPenalty = 1.05f, Seed = 5 } };
        string[] expected = [await RunAsync(cluster, request), await RunAsync(cluster, sampled)];
        int chunks = 0;
        string[] disturbed = await Task.WhenAll(((GenerationRequest[])[request, sampled]).Select(each => RunAsync(cluster, each, () =>
        {
            if (Interlocked.Increment(ref chunks) is 10 or 40 or 70)
            {
                cluster.Boards.LoseBoard("b2", Lost);
            }
        })));
        Assert.Equal(expected, disturbed);
        Assert.True((await StatisticsAsync(cluster)).ReplayedSequenceCount > 0);
        await AssertFreeAsync(cluster);
    }

    [Fact]
    public async Task Run_LeftWhileGuessesAreUnderWay_FreesItsKv()
    {
        await using HaloCluster cluster = await StartAsync(2);
        string key = GrainKeys.Generation(Model, "left");
        GenerationRequest request = Completions.Greedy(Model, s_repeating, 200) with { Speculate = 8 };
        await foreach (GenerationChunk chunk in cluster.Grains.GetGrain<IGenerationGrain>(key).GenerateAsync(request))
        {
            break;
        }

        await AssertFreeAsync(cluster);
    }

    [Theory]
    [InlineData(-2)]
    [InlineData(65)]
    public async Task Generate_SpeculateOutOfRange_IsABadRequest(int speculate)
    {
        await using HaloCluster cluster = await StartAsync(1);
        BadRequestException fault = await Assert.ThrowsAsync<BadRequestException>(
            () => cluster.TextAsync(Completions.Greedy(Model, "x", 5) with { Speculate = speculate }));
        Assert.Equal("speculate", fault.Parameter);
        Assert.Contains($"{speculate}", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("off", 0)]
    [InlineData("AUTO", -1)]
    [InlineData("1", 1)]
    [InlineData("64", 64)]
    public void TryParse_Words_GivesTheNumber(string text, int expected)
    {
        Assert.True(Speculation.TryParse(text, out int drafts));
        Assert.Equal(expected, drafts);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("65")]
    [InlineData("-1")]
    [InlineData("on")]
    [InlineData("")]
    [InlineData(null)]
    public void TryParse_AnythingElse_ReturnsFalse(string? text) => Assert.False(Speculation.TryParse(text, out _));

    private static GenerationRequest AnyRequest(Random random)
    {
        string[] texts = [s_repeating, "Tom said \"hi\" and Lily said \"hi\" and Tom said \"hi\" and", "Once upon a time", "a b c d a b c d a b c d a b"];
        return new GenerationRequest
        {
            Model = Model,
            Prompt = texts[Math.Max(0, random.Next(-3, texts.Length))],
            MaxTokens = random.Next(1, 70),
            LogProbabilities = random.Next(4),
            Echo = random.Next(4) == 0,
            Stop = random.Next(3) == 0 ? ["saw a", "said \""] : [],
            Sampling = new SamplingOptions
            {
                Temperature = random.Next(3) == 0 ? 0 : 0.9f * random.NextSingle(),
                TopK = random.Next(2) * 20,
                TopP = 0.7f + 0.3f * random.NextSingle(),
                MinP = random.Next(2) * 0.05f,
                RepetitionPenalty = random.Next(4) > 0 ? 1 : 1.1f,
                FrequencyPenalty = random.Next(4) > 0 ? 0 : 0.1f,
                PresencePenalty = random.Next(2) * -0.2f,
                Seed = (ulong)random.NextInt64(),
            },
        };
    }

    // Everything that a caller sees of a completion.
    private static async Task<string> RunAsync(HaloCluster cluster, GenerationRequest request, Action? onChunk = null)
    {
        StringBuilder seen = new();
        StringBuilder text = new();
        string key = GrainKeys.Generation(Model, Guid.NewGuid().ToString("N"));
        await foreach (GenerationChunk chunk in cluster.Grains.GetGrain<IGenerationGrain>(key).GenerateAsync(request))
        {
            onChunk?.Invoke();
            text.Append(chunk.Text);
            foreach (TokenText token in chunk.Tokens)
            {
                seen.Append($"{token.Text}|{token.LogProbability:R}|{string.Join(',', token.Top.Select(top => $"{top.Text}={top.LogProbability:R}"))}\n");
            }

            if (chunk.FinishReason is { } reason)
            {
                seen.Append($"{reason} {chunk.PromptTokenCount} {chunk.CompletionTokenCount}");
            }
        }

        return $"{text}\n{seen}";
    }

    private static async Task<(int[] Tokens, long Steps)> RunAsync(HaloCluster cluster, SequenceRequest request)
    {
        long before = (await StatisticsAsync(cluster)).StepCount;
        List<int> tokens = [];
        await foreach (TokenEvent token in cluster.Grains.GetGrain<ISchedulerGrain>(Model).RunAsync(request))
        {
            tokens.Add(token.Token);
        }

        return ([.. tokens], (await StatisticsAsync(cluster)).StepCount - before);
    }

    private static Task<HaloCluster> StartAsync(int boards) => HaloCluster.StartAsync(new HaloClusterOptions { Boards = boards, Threads = 1 });

    private static Task<SchedulerStatistics> StatisticsAsync(HaloCluster cluster) =>
        cluster.Grains.GetGrain<ISchedulerGrain>(Model).GetStatisticsAsync();

    private static Task AssertFreeAsync(HaloCluster cluster) => Eventually.True(
        async () => (await Task.WhenAll(cluster.Boards.Boards.Select(board => cluster.Grains.GetGrain<IBoardGrain>(board.Name).GetStatisticsAsync(Model))))
            .All(board => board is { SequenceCount: 0, KvBytes: 0 }),
        "all boards to free their KV");
}
