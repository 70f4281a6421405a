using Halo.Boards.Steps;
using Halo.Inference.Model;
using Halo.Inference.Sampling;
using Halo.Planning;
using Halo.Planning.Assignment;

namespace Halo.Boards.Tests.Steps;

/// <summary>Steps whose rows guess tokens: right guesses give what steps of one row give, wrong ones leave nothing behind.</summary>
public sealed class GuessedRowsTests
{
    private const int Count = 40;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task RunAsync_RightAndWrongGuesses_GivesTokensScoresAndKvOfOneRowAStep(int seed)
    {
        Random random = new(seed);
        using BoardSet set = BoardSet.Of(seed);
        for (long round = 0; round < 4 * Nightly.Repeats; round++)
        {
            SamplingParameters sampling = AnySampling(random);
            (List<RowOutcome> expected, int plainSteps) = await GenerateAsync(set, 2 * round + 1, sampling, _ => []);
            int[] text = [.. expected.Select(outcome => outcome.TokenId)];
            (List<RowOutcome> actual, int steps) = await GenerateAsync(set, 2 * round + 2, sampling, known =>
            [
                .. text.Skip(known).Take(random.Next(7)).Select(token => random.Next(4) == 0 ? random.Next(set.Model.Weights.Config.VocabularySize) : token),
            ]);
            AssertSame(expected, actual);
            Assert.InRange(steps, Count / 7, plainSteps * 3 / 4);
            AssertSameKv(await ExportAsync(set), 2 * round + 1, 2 * round + 2);
            await set.ReleaseAsync(2 * round + 1);
            await set.ReleaseAsync(2 * round + 2);
        }

        Assert.All(set.Plan.Boards, board => Assert.Equal((0, 0L), (set.Share(board).SequenceCount, set.Share(board).KvBytes)));
    }

    [Fact]
    public async Task RunAsync_FirstGuessWrong_GivesOneOutcomeAndNoneForTheRest()
    {
        using BoardSet set = BoardSet.Of(2);
        RowOutcome last = await set.OpenAsync(1);
        RowOutcome next = await set.NextAsync(last);
        await set.ReleaseAsync(1);
        Assert.Equal(last.TokenId, (await set.OpenAsync(2)).TokenId);

        StepRequest request = new();
        request.Step.PlanVersion = set.Plan.Version;
        int position = last.Position + 1;
        request.Step.Rows.AddRange([new(2, position, last.TokenId), new(2, position + 1, next.TokenId + 1), new(2, position + 2, next.TokenId)]);
        request.Step.LogitRows.AddRange([0, 1, 2]);
        RowOutcome outcome = Assert.Single(await set.Runner.RunAsync(request));
        Assert.Equal((position, next.TokenId), (outcome.Position, outcome.TokenId));
    }

    [Fact]
    public async Task RunAsync_CutBelowWhatWasSampled_SamplesThatAgain()
    {
        using BoardSet set = BoardSet.Of(2);
        SamplingParameters sampling = new() { Temperature = 1.2f, TopK = 0, TopP = 1, MinP = 0, Seed = 8, PresencePenalty = 0.5f };
        (List<RowOutcome> expected, _) = await GenerateAsync(set, 1, sampling, _ => []);
        StepRequest request = new();
        RowOutcome before = expected[2];
        request.Step.Truncations.Add(new StepTruncation(1, before.Position + 1));
        foreach (RowOutcome next in expected.Skip(3).Take(20))
        {
            request.Step.PlanVersion = set.Plan.Version;
            request.Step.Rows.Add(new StepRow(1, before.Position + 1, before.TokenId));
            request.Step.LogitRows.Add(0);
            before = Assert.Single(await set.Runner.RunAsync(request));
            Assert.Equal(Describe(next), Describe(before));
            request.Clear();
        }
    }

    private static SamplingParameters AnySampling(Random random) => new()
    {
        Temperature = random.Next(4) == 0 ? 0 : 0.2f + random.NextSingle(),
        TopK = random.Next(2) * random.Next(100),
        TopP = 0.5f + random.NextSingle() / 2,
        MinP = random.Next(2) * 0.1f,
        RepetitionPenalty = 1 + random.Next(2) * random.NextSingle(),
        FrequencyPenalty = random.Next(2) * (random.NextSingle() - 0.5f),
        PresencePenalty = random.Next(2) * (random.NextSingle() - 0.5f),
        PenaltyWindow = random.Next(1, 80),
        Seed = (ulong)random.NextInt64(),
    };

    // Steps until so many tokens are known; the guesses are asked for by how many are.
    private static async Task<(List<RowOutcome> Outcomes, int Steps)> GenerateAsync(
        BoardSet set, long sequence, SamplingParameters sampling, Func<int, int[]> guess)
    {
        StepRequest request = new();
        request.Opens.Add(new SequenceSpec { SequenceId = sequence, Tokens = set.Prompt, Sampling = sampling, TopCount = 2 });
        request.Step.Rows.AddRange(set.Prompt.Select((token, position) => new StepRow(sequence, position, token)));
        request.Step.LogitRows.Add(set.Prompt.Length - 1);
        List<RowOutcome> outcomes = [];
        int steps = 0;
        for (; outcomes.Count < Count; steps++)
        {
            request.Step.PlanVersion = set.Plan.Version;
            int rows = request.Step.Rows[^1].Position + 1;
            outcomes.AddRange(await set.Runner.RunAsync(request));
            int computed = outcomes[^1].Position + 1;
            request.Clear();
            if (computed < rows)
            {
                request.Step.Truncations.Add(new StepTruncation(sequence, computed));
            }

            foreach (int token in (int[])[outcomes[^1].TokenId, .. guess(outcomes.Count)])
            {
                request.Step.LogitRows.Add(request.Step.Rows.Count);
                request.Step.Rows.Add(new StepRow(sequence, computed++, token));
            }
        }

        return (outcomes, steps);
    }

    private static async Task<List<KvBlock>> ExportAsync(BoardSet set)
    {
        List<KvBlock> blocks = [];
        foreach (ShardAssignment shard in set.Plan.Shards.Where(shard => shard.Shard.Kind == ShardKind.Attention))
        {
            blocks.AddRange(await set.Share(shard.Board).ExportKvAsync(shard.Slice, []));
        }

        return blocks;
    }

    // What is beyond the text's last position belongs to guesses that nobody has cut off yet.
    private static void AssertSameKv(List<KvBlock> blocks, long expected, long actual)
    {
        Assert.NotEmpty(blocks);
        foreach (IGrouping<string, KvBlock> shard in blocks.GroupBy(block => block.Slice.Shard.ToString()))
        {
            KvBlock first = shard.Single(block => block.Mark.SequenceId == expected);
            KvBlock second = shard.Single(block => block.Mark.SequenceId == actual);
            int positions = Math.Min(first.Mark.Length, second.Mark.Length);
            Assert.True(positions >= Count, $"{positions} positions are too few to compare.");
            int bytes = first.Data.Length / first.Mark.Length * positions;
            Assert.True(first.Data.Span[..bytes].SequenceEqual(second.Data.Span[..bytes]), $"The KV of shard {shard.Key} differs.");
        }
    }

    private static void AssertSame(List<RowOutcome> expected, List<RowOutcome> actual) => Assert.Equal(
        expected.Select(Describe), actual.Take(expected.Count).Select(Describe));

    private static string Describe(RowOutcome outcome) =>
        $"{outcome.Position} {outcome.TokenId} {outcome.LogProbability:R} {string.Join(' ', outcome.Top!.Select(top => $"{top.Token}:{top.LogProbability:R}"))}";
}
