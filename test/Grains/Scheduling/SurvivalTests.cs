namespace Halo.Grains.Tests.Scheduling;

/// <summary>Sequences whose steps fail: they go on as if nothing had happened, or end with the reason.</summary>
public sealed class SurvivalTests
{
    private const string Model = BundledModel.Name;
    private const string Lost = "Board b2 is lost: it was unplugged.";

    [Fact]
    public async Task Generate_BoardLostAgainAndAgain_GivesEveryTokenOnceAsIfNothingHadHappened()
    {
        await using HaloCluster cluster = await StartAsync();
        GenerationRequest[] requests = [.. Requests()];
        List<GenerationChunk[]> expected = [];
        foreach (GenerationRequest request in requests)
        {
            expected.Add(await ChunksAsync(cluster, request));
        }

        int chunks = 0;
        GenerationChunk[][] disturbed = await Task.WhenAll(requests.Select((request, index) => ChunksAsync(cluster, request, () =>
        {
            if (index == 1 && ++chunks is 4 or 12 or 20)
            {
                cluster.Boards.LoseBoard("b2", Lost);
            }
        })));

        for (int request = 0; request < requests.Length; request++)
        {
            AssertSame(expected[request], disturbed[request]);
        }

        SchedulerStatistics statistics = await StatisticsAsync(cluster);
        Assert.True(statistics.ReplayedSequenceCount >= requests.Length, $"{statistics.ReplayedSequenceCount} sequences started over.");
        Assert.True(statistics.ReplayedTokenCount > statistics.ReplayedSequenceCount);
        await AssertFreeAsync(cluster);
    }

    [Fact]
    public async Task Generate_BoardLostWhileManyRun_ReplaysThemInFewSteps()
    {
        await using HaloCluster cluster = await StartAsync();
        GenerationRequest[] requests = [.. Enumerable.Range(0, 8).Select(i => Completions.Greedy(Model, $"Story {i}: Once upon a time", 20) with { Speculate = Speculation.Off })]; // steps are counted
        SchedulerStatistics before = await RunAsync(cluster, requests, _ => { });
        SchedulerStatistics undisturbed = await RunAsync(cluster, requests, _ => { });
        int chunks = 0;
        SchedulerStatistics after = await RunAsync(cluster, requests, _ =>
        {
            if (Interlocked.Increment(ref chunks) == 80)
            {
                cluster.Boards.LoseBoard("b3", Lost);
            }
        });

        long usual = undisturbed.StepCount - before.StepCount;
        Assert.Equal(8, after.ReplayedSequenceCount);
        Assert.InRange(after.StepCount - undisturbed.StepCount, 0, usual + 8);
    }

    [Fact]
    public async Task Generate_BoardLostWhileForkedPromptsRun_GivesTheirTexts()
    {
        await using HaloCluster cluster = await StartAsync();
        string prompt = "Once upon a time there was a little girl named Lily who loved to play outside in the park with her dog and her best friend Tom";
        GenerationRequest[] requests = [.. Enumerable.Range(0, 6).Select(i =>
            Completions.Greedy(Model, prompt, 15) with { Sampling = new SamplingOptions { Temperature = 1, Seed = (ulong)i } })];
        string[] expected = await Task.WhenAll(requests.Select(request => cluster.TextAsync(request)));
        long reused = (await StatisticsAsync(cluster)).ReusedPositionCount;
        int chunks = 0;
        GenerationChunk[][] disturbed = await Task.WhenAll(requests.Select(request => ChunksAsync(cluster, request, () =>
        {
            if (Interlocked.Increment(ref chunks) is 20 or 60)
            {
                cluster.Boards.LoseBoard("b2", Lost);
            }
        })));
        Assert.Equal(expected, disturbed.Select(Text));
        Assert.Equal(6, expected.Distinct().Count());
        Assert.True((await StatisticsAsync(cluster)).ReusedPositionCount > 2 * reused, "What started over shared no beginning.");
        await AssertFreeAsync(cluster);
    }

    [Fact]
    public async Task Generate_BoardLostAtEveryToken_EndsWithTheReasonAfterAFew()
    {
        await using HaloCluster cluster = await StartAsync();
        int losses = 0;
        ModelUnavailableException fault = await Assert.ThrowsAsync<ModelUnavailableException>(
            () => ChunksAsync(cluster, Completions.Greedy(Model, "Once upon a time", 400), () =>
            {
                losses++;
                cluster.Boards.LoseBoard("b2", Lost);
            }));
        Assert.Equal((ModelFault.Failed, Lost), (fault.Fault, fault.Message));
        Assert.InRange(losses, 9, 100); // a loss may find the session before it, which has ended already
        Assert.NotEmpty(await cluster.TextAsync(Completions.Greedy(Model, "Once upon a time", 5)));
        await AssertFreeAsync(cluster);
    }

    [Fact]
    public async Task Run_StepsFailForAReasonOfTheirOwn_EndsAfterThreeAndTheOthersGoOn()
    {
        await using HaloCluster cluster = await StartAsync();
        GenerationRequest good = Completions.Greedy(Model, "Once upon a time", 80);
        string expected = await cluster.TextAsync(good);
        ISchedulerGrain scheduler = cluster.Grains.GetGrain<ISchedulerGrain>(Model);
        SequenceRequest poisoned = new() { Tokens = [1, 5], MaxTokens = 5, Sampling = new SamplingOptions { TopK = -1 }, EndTokens = [] };
        Task<string> beside = cluster.TextAsync(good);
        await Assert.ThrowsAsync<ModelUnavailableException>(async () =>
        {
            await foreach (TokenEvent token in scheduler.RunAsync(poisoned))
            {
                Assert.Fail("A token came of it.");
            }
        });
        Assert.Equal(expected, await beside);
        await AssertFreeAsync(cluster);
    }

    [Fact]
    public async Task Generate_CancelledWhileABoardIsLost_FreesItsKv()
    {
        await using HaloCluster cluster = await StartAsync();
        using CancellationTokenSource cancel = new();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ChunksAsync(
            cluster,
            Completions.Greedy(Model, "Once upon a time", 400),
            () =>
            {
                cluster.Boards.LoseBoard("b2", Lost);
                cancel.Cancel();
            },
            cancel.Token));
        await AssertFreeAsync(cluster);
        Assert.NotEmpty(await cluster.TextAsync(Completions.Greedy(Model, "Once upon a time", 5)));
    }

    [Fact]
    public async Task Drain_ThenABoardIsLost_LetsWhatRunsEnd()
    {
        await using HaloCluster cluster = await StartAsync();
        GenerationRequest request = Completions.Greedy(Model, "Once upon a time", 60);
        string expected = await cluster.TextAsync(request);
        int chunks = 0;
        Task draining = Task.CompletedTask;
        GenerationChunk[] disturbed = await ChunksAsync(cluster, request, () =>
        {
            if (++chunks == 10)
            {
                draining = cluster.Grains.GetGrain<ISchedulerGrain>(Model).DrainAsync();
                cluster.Boards.LoseBoard("b3", Lost);
            }
        });
        await draining;
        Assert.Equal(expected, Text(disturbed));
    }

    [Fact]
    public async Task Dispose_WhileABoardIsLost_Ends()
    {
        HaloCluster cluster = await StartAsync();
        Task<GenerationChunk[]> running = ChunksAsync(
            cluster, Completions.Greedy(Model, "Once upon a time", 400), () => cluster.Boards.LoseBoard("b2", Lost));
        await Eventually.True(async () => (await StatisticsAsync(cluster)).ReplayedSequenceCount > 0, "a sequence to start over");
        await cluster.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20));
        await Assert.ThrowsAnyAsync<Exception>(() => running.WaitAsync(TimeSpan.FromSeconds(20)));
    }

    private static IEnumerable<GenerationRequest> Requests()
    {
        GenerationRequest greedy = Completions.Greedy(Model, "Once upon a time", 30);
        SamplingOptions sampling = new() { Temperature = 1.2f, TopP = 0.98f, TopK = 0, RepetitionPenalty = 1.2f, FrequencyPenalty = 0.1f, Seed = 11 };
        yield return greedy;
        yield return greedy with { Prompt = "Lily and Tom", Sampling = sampling, LogProbabilities = 3 };
        yield return greedy with { Prompt = "The dog was", Sampling = sampling with { Seed = 12 }, MaxTokens = 25 };
        yield return greedy with { Prompt = "One day, Ben went to the", Echo = true, LogProbabilities = 2, MaxTokens = 20 };
        yield return greedy with { Stop = ["named Lily"], MaxTokens = 60, LogProbabilities = 0 };
        yield return greedy with { Prompt = string.Concat(Enumerable.Repeat("The cat sat on the mat and saw a bird. ", 12)), Echo = true, LogProbabilities = 1, MaxTokens = 0 };
    }

    private static void AssertSame(GenerationChunk[] expected, GenerationChunk[] chunks)
    {
        Assert.Equal(Text(expected), Text(chunks));
        Assert.Equal(Tokens(expected), Tokens(chunks));
        Assert.Equal(
            (expected[^1].FinishReason, expected[^1].PromptTokenCount, expected[^1].CompletionTokenCount),
            (chunks[^1].FinishReason, chunks[^1].PromptTokenCount, chunks[^1].CompletionTokenCount));
    }

    private static string Text(GenerationChunk[] chunks) => string.Concat(chunks.Select(chunk => chunk.Text));

    private static IEnumerable<string> Tokens(GenerationChunk[] chunks) => chunks.SelectMany(chunk => chunk.Tokens).Select(token =>
        $"{token.Text}|{token.LogProbability:R}|{string.Join(',', token.Top.Select(top => $"{top.Text}={top.LogProbability:R}"))}");

    private static async Task<SchedulerStatistics> RunAsync(HaloCluster cluster, GenerationRequest[] requests, Action<int> onChunk)
    {
        await Task.WhenAll(requests.Select((request, index) => ChunksAsync(cluster, request, () => onChunk(index))));
        return await StatisticsAsync(cluster);
    }

    private static async Task<GenerationChunk[]> ChunksAsync(
        HaloCluster cluster, GenerationRequest request, Action? onChunk = null, CancellationToken cancellationToken = default)
    {
        List<GenerationChunk> chunks = [];
        string key = GrainKeys.Generation(Model, Guid.NewGuid().ToString("N"));
        await foreach (GenerationChunk chunk in cluster.Grains.GetGrain<IGenerationGrain>(key).GenerateAsync(request, cancellationToken))
        {
            chunks.Add(chunk);
            onChunk?.Invoke();
        }

        return [.. chunks];
    }

    private static Task<HaloCluster> StartAsync() => HaloCluster.StartAsync(new HaloClusterOptions { Boards = 3, Threads = 1 });

    private static Task<SchedulerStatistics> StatisticsAsync(HaloCluster cluster) =>
        cluster.Grains.GetGrain<ISchedulerGrain>(Model).GetStatisticsAsync();

    private static Task AssertFreeAsync(HaloCluster cluster) => Eventually.True(
        async () => (await Task.WhenAll(cluster.Boards.Boards.Select(board => cluster.Grains.GetGrain<IBoardGrain>(board.Name).GetStatisticsAsync(Model))))
            .All(board => board is { SequenceCount: 0, KvBytes: 0 }),
        "all boards to free their KV");
}
