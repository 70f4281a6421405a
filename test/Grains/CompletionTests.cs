namespace Halo.Grains.Tests;

public sealed class CompletionTests
{
    private const string Prompt = "Once upon a time";

    [Fact]
    public async Task Generate_SixteenAtOnce_GivesTheirTextsInFewerSteps()
    {
        await using HaloCluster cluster = await TwoBoardsAsync();
        string[] beginnings = ["Once upon a time", "Lily and Tom", "The dog was", "Ben was sad because"];
        GenerationRequest[] requests = [.. Enumerable.Range(0, 16).Select(i =>
            Completions.Greedy(BundledModel.Name, beginnings[i % 4] + (i < 4 ? "" : $" in house {i}"), 20 + i))];
        List<string> expected = [];
        foreach (GenerationRequest request in requests)
        {
            expected.Add(await cluster.TextAsync(request));
        }

        SchedulerStatistics alone = await StatisticsAsync(cluster);
        string[] together = await Task.WhenAll(requests.Select(request => cluster.TextAsync(request)));
        SchedulerStatistics all = await StatisticsAsync(cluster);

        Assert.Equal(expected, together);
        Assert.True(expected.Distinct().Count() > 8, "The texts hardly differ.");
        Assert.True(
            (all.StepCount - alone.StepCount) * 3 < alone.StepCount, $"{alone.StepCount} steps alone and {all.StepCount - alone.StepCount} together.");
        await AssertFreeAsync(cluster);
    }

    [Fact]
    public async Task Generate_EnumerationCancelledOrLeft_FreesItsKv()
    {
        await using HaloCluster cluster = await TwoBoardsAsync();
        GenerationRequest request = Completions.Greedy(BundledModel.Name, Prompt, 200);
        using CancellationTokenSource cancel = new();
        IAsyncEnumerable<GenerationChunk> cancelled = cluster.Grains.GetGrain<IGenerationGrain>("cancelled").GenerateAsync(request, cancel.Token);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (GenerationChunk chunk in cancelled)
            {
                Assert.NotEqual(0, (await BoardsAsync(cluster))[0].KvBytes);
                await cancel.CancelAsync();
            }
        });
        await AssertFreeAsync(cluster);

        await foreach (GenerationChunk chunk in cluster.Grains.GetGrain<IGenerationGrain>("left").GenerateAsync(request))
        {
            break;
        }

        await AssertFreeAsync(cluster);
        Assert.NotEmpty(await cluster.TextAsync(request));
    }

    [Fact]
    public async Task Generate_BadRequests_AreNamedAndHarmNobodyElse()
    {
        await using HaloCluster cluster = await TwoBoardsAsync();
        GenerationRequest good = Completions.Greedy(BundledModel.Name, Prompt, 120);
        string expected = await cluster.TextAsync(good);
        Task<string> beside = cluster.TextAsync(good);

        GenerationRequest tokens = good with { Prompt = null, PromptTokens = [1, 5, 6] };
        int vocabulary = cluster.Models.Open(BundledModel.Name).Weights.Config.VocabularySize;
        int context = cluster.Models.Open(BundledModel.Name).Weights.Config.ContextLength;
        foreach ((GenerationRequest request, string parameter, string part) in new[]
        {
            (good with { Prompt = string.Concat(Enumerable.Repeat("once upon ", context)) }, "prompt", $"context is {context}"),
            (tokens with { PromptTokens = [.. Enumerable.Repeat(5, context)] }, "prompt", $"has {context} tokens"),
            (tokens with { PromptTokens = [1, vocabulary] }, "prompt", $"Token {vocabulary} is outside the vocabulary of {vocabulary}"),
            (tokens with { PromptTokens = [1, -7, 5] }, "prompt", "Token -7 is outside"),
            (tokens with { PromptTokens = [1, -7], Echo = true, MaxTokens = 0 }, "prompt", "Token -7 is outside"),
            (good with { Sampling = new SamplingOptions { Temperature = float.NaN } }, "sampling", "Temperature is NaN"),
            (good with { Sampling = new SamplingOptions { TopP = 0, TopK = -1 } }, "sampling", "TopK is -1"),
            (good with { MaxTokens = -1 }, "max_tokens", "-1"),
            (good with { LogProbabilities = 101 }, "logprobs", "101"),
            (good with { Stop = ["a", ""] }, "stop", "empty"),
        })
        {
            BadRequestException fault = await Assert.ThrowsAsync<BadRequestException>(() => cluster.TextAsync(request));
            Assert.Equal(parameter, fault.Parameter);
            Assert.Contains(part, fault.Message, StringComparison.Ordinal);
        }

        // Past the generation grain the scheduler checks for itself: one bad token must not fail a step that others share.
        ISchedulerGrain scheduler = cluster.Grains.GetGrain<ISchedulerGrain>(BundledModel.Name);
        SequenceRequest direct = new() { Tokens = [1, -7], MaxTokens = 5, Sampling = new SamplingOptions(), EndTokens = [] };
        await Assert.ThrowsAsync<BadRequestException>(async () =>
        {
            await foreach (TokenEvent token in scheduler.RunAsync(direct))
            {
                Assert.Fail("A token came of it.");
            }
        });

        Assert.Equal(expected, await beside);
        await AssertFreeAsync(cluster);
    }

    [Fact]
    public async Task Generate_EmptyPromptScoredOnly_Ends()
    {
        await using HaloCluster cluster = await TwoBoardsAsync();
        GenerationRequest request = Completions.Greedy(BundledModel.Name, "", 0) with { Echo = true, LogProbabilities = 2 };
        Assert.Equal("", await cluster.TextAsync(request).WaitAsync(TimeSpan.FromSeconds(20)));
    }

    [Fact]
    public async Task Generate_PromptScored_GivesATokenWithItsScoreEach()
    {
        await using HaloCluster cluster = await TwoBoardsAsync();
        GenerationRequest request = Completions.Greedy(BundledModel.Name, Prompt, 3) with { Echo = true, LogProbabilities = 1 };
        List<GenerationChunk> chunks = [];
        await foreach (GenerationChunk chunk in cluster.Grains.GetGrain<IGenerationGrain>("scored").GenerateAsync(request))
        {
            chunks.Add(chunk);
        }

        TokenText[] tokens = [.. chunks.SelectMany(chunk => chunk.Tokens)];
        Assert.Equal(string.Concat(chunks.Select(chunk => chunk.Text)), string.Concat(tokens.Select(token => token.Text)));
        Assert.StartsWith(Prompt, string.Concat(tokens.Select(token => token.Text)), StringComparison.Ordinal);
        Assert.Null(tokens[0].LogProbability);
        Assert.All(tokens[1..], token => Assert.InRange(token.LogProbability!.Value, -40, 0));
        Assert.Equal(chunks[^1].PromptTokenCount + 3, tokens.Length);
    }

    [Fact]
    public async Task EnsureReady_TooLittleMemory_DoesNotFitWithTheNumbers()
    {
        await using HaloCluster cluster = await HaloCluster.StartAsync(new HaloClusterOptions { Boards = 2, BoardMemoryBytes = 2_000_000 });
        ModelUnavailableException fault = await Assert.ThrowsAsync<ModelUnavailableException>(
            () => cluster.TextAsync(Completions.Greedy(BundledModel.Name, Prompt, 5)));
        Assert.Equal(ModelFault.DoesNotFit, fault.Fault);
        Assert.Contains("the boards offer 4.0 MB (b1 2.0 MB", fault.Message, StringComparison.Ordinal);
        Assert.Contains("Short by", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task EnsureReady_DamagedFile_IsUnusableAndOtherModelsServe()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("halo-test-");
        try
        {
            byte[] bytes = await File.ReadAllBytesAsync(TestPaths.BundledModel);
            HaloClusterOptions options = new() { Boards = 2, Models = { ["good"] = TestPaths.BundledModel } };
            foreach ((string name, byte[] content) in new[]
            {
                ("cut", bytes[..(bytes.Length / 2)]), ("header", bytes[..100]), ("empty", Array.Empty<byte>()), ("text", "no model"u8.ToArray()),
            })
            {
                options.Models[name] = Path.Combine(folder.FullName, name);
                await File.WriteAllBytesAsync(options.Models[name], content);
            }

            await using HaloCluster cluster = await HaloCluster.StartAsync(options);
            foreach (string name in options.Models.Keys.Where(name => name != "good"))
            {
                ModelUnavailableException fault = await Assert.ThrowsAsync<ModelUnavailableException>(
                    () => cluster.TextAsync(Completions.Greedy(name, Prompt, 5)));
                Assert.Equal(ModelFault.Unusable, fault.Fault);
            }

            ModelUnavailableException unknown = await Assert.ThrowsAsync<ModelUnavailableException>(
                () => cluster.TextAsync(Completions.Greedy("nobody", Prompt, 5)));
            Assert.Equal(ModelFault.Unknown, unknown.Fault);
            Assert.NotEmpty(await cluster.TextAsync(Completions.Greedy("good", Prompt, 5)));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static Task<HaloCluster> TwoBoardsAsync() => HaloCluster.StartAsync(new HaloClusterOptions { Boards = 2 });

    private static Task<SchedulerStatistics> StatisticsAsync(HaloCluster cluster) =>
        cluster.Grains.GetGrain<ISchedulerGrain>(BundledModel.Name).GetStatisticsAsync();

    private static async Task<BoardStatistics[]> BoardsAsync(HaloCluster cluster) => await Task.WhenAll(
        cluster.Boards.Boards.Select(board => cluster.Grains.GetGrain<IBoardGrain>(board.Name).GetStatisticsAsync(BundledModel.Name)));

    private static Task AssertFreeAsync(HaloCluster cluster) => Eventually.True(
        async () => (await BoardsAsync(cluster)).All(board => board is { SequenceCount: 0, KvBytes: 0 }), "all boards to free their KV");
}
