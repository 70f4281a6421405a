using Halo.Inference.Model;

namespace Halo.Inference.Tests.Model;

/// <summary>Whatever shares a step with a row, and however its sequence came to its length: the row's logits keep their bits.</summary>
public sealed class StepInvarianceTests
{
    public static TheoryData<string> Models() => [.. TestModels.Present];

    [Theory]
    [MemberData(nameof(Models))]
    public void Forward_InChunks_GivesTheLogitsOfOneByOne(string model)
    {
        using OpenModel open = new(TestModels.PathOf(model));
        int[] tokens = open.Tokens(100, seed: 1);
        List<float[]> alone = open.Append(1, 0, tokens, chunk: 1);
        Assert.All(alone, row => Assert.True(row.Distinct().Count() > open.VocabularySize / 2, "Logits that hardly vary prove nothing."));

        AssertSame(alone, open.Append(2, 0, tokens, chunk: 7));
        AssertSame(alone, open.Append(3, 0, tokens, chunk: 64));
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Forward_OnATeam_GivesTheLogitsOfOneThread(string model)
    {
        using OpenModel one = new(TestModels.PathOf(model));
        using OpenModel three = new(TestModels.PathOf(model), threads: 3);
        int[] tokens = one.Tokens(40, seed: 2);
        AssertSame(one.Append(1, 0, tokens, chunk: 7), three.Append(1, 0, tokens, chunk: 9));
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Forward_AmongOtherSequences_GivesTheLogitsOfAlone(string model)
    {
        using OpenModel open = new(TestModels.PathOf(model));
        int[][] texts = [.. new[] { 70, 41, 33, 9 }.Select((length, seed) => open.Tokens(length, seed))];
        List<float[]>[] alone = [.. texts.Select((tokens, index) => open.Append(index, 0, tokens, chunk: 1))];
        open.Release(0, 1, 2, 3);

        // Sequences take turns row by row, two of the first for each of the others, so that every step mixes lengths and places.
        List<float[]>[] mixed = [.. texts.Select(_ => new List<float[]>())];
        int[] done = new int[texts.Length];
        Step step = new();
        while (done.Zip(texts, (count, tokens) => count < tokens.Length).Any(left => left))
        {
            step.Clear();
            List<int> owners = [];
            foreach (int sequence in new[] { 0, 3, 1, 0, 2 }.Where(sequence => done[sequence] < texts[sequence].Length))
            {
                step.LogitRows.Add(step.Rows.Count);
                step.Rows.Add(new StepRow(100 + sequence, done[sequence], texts[sequence][done[sequence]++]));
                owners.Add(sequence);
            }

            List<float[]> rows = open.Rows(step);
            for (int i = 0; i < owners.Count; i++)
            {
                mixed[owners[i]].Add(rows[i]);
            }
        }

        for (int sequence = 0; sequence < texts.Length; sequence++)
        {
            AssertSame(alone[sequence], mixed[sequence]);
        }
    }

    [Fact]
    public void Forward_LogitsOfSomeRows_AreThoseOfAllRows()
    {
        using OpenModel open = new(TestPaths.BundledModel);
        int[] tokens = open.Tokens(20, seed: 3);
        List<float[]> all = open.Append(1, 0, tokens, chunk: 20);
        Step step = new();
        step.Rows.AddRange(tokens.Select((token, position) => new StepRow(2, position, token)));
        step.LogitRows.AddRange([4, 11, 19]);
        AssertSame([all[4], all[11], all[19]], open.Rows(step));
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Forward_AfterTruncation_GivesTheSameLogitsAgain(string model)
    {
        using OpenModel open = new(TestModels.PathOf(model));
        int[] tokens = open.Tokens(70, seed: 4);
        int[] others = open.Tokens(50, seed: 5);
        List<float[]> first = open.Append(1, 0, tokens, chunk: 64);

        // Within a block, at a block's edge (32 positions) and to nothing; another text is written over and cut off again.
        foreach (int length in new[] { 69, 33, 32, 31, 0 })
        {
            Truncate(open, 1, length);
            open.Append(1, length, others.AsSpan(0, Math.Min(50, 70 - length)), chunk: 16);
            Truncate(open, 1, length);
            AssertSame(first[length..], open.Append(1, length, tokens.AsSpan(length), chunk: 5));
        }
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Forward_AfterAFork_GivesTheLogitsOfAFreshPrefill(string model)
    {
        using OpenModel open = new(TestModels.PathOf(model));
        int[] tokens = open.Tokens(80, seed: 6);
        List<float[]> fresh = open.Append(1, 0, tokens, chunk: 64);
        open.Append(2, 0, open.Tokens(40, seed: 7), chunk: 64);

        // 3 is new, 2 exists and is replaced; the source goes on and ends without harm to the copies.
        Step step = new();
        step.Forks.Add(new StepFork(1, 3, 45));
        step.Forks.Add(new StepFork(1, 2, 64));
        step.Rows.Add(new StepRow(3, 45, tokens[45]));
        step.LogitRows.Add(0);
        AssertSame([fresh[45]], open.Rows(step));
        open.Append(1, 80, open.Tokens(10, seed: 8), chunk: 10);
        open.Release(1);
        AssertSame(fresh[46..], open.Append(3, 46, tokens.AsSpan(46), chunk: 3));
        AssertSame(fresh[64..], open.Append(2, 64, tokens.AsSpan(64), chunk: 16));

        open.Release(2, 3);
        Assert.Equal(0, open.Transformer.KvBlocks);
    }

    [Fact]
    public void Release_OfSequences_GivesBackTheirBlocks()
    {
        using OpenModel open = new(TestPaths.BundledModel);
        int blocksPerGroup = open.Weights.Config.LayerCount * open.Weights.Config.KvHeadCount;
        open.Append(1, 0, open.Tokens(32, seed: 1), chunk: 32);
        Assert.Equal(blocksPerGroup, open.Transformer.KvBlocks);
        open.Append(2, 0, open.Tokens(33, seed: 1), chunk: 33);
        Assert.Equal(3 * blocksPerGroup, open.Transformer.KvBlocks);
        Truncate(open, 2, 32);
        Assert.Equal(2 * blocksPerGroup, open.Transformer.KvBlocks);
        open.Release(1, 99);
        Assert.Equal(blocksPerGroup, open.Transformer.KvBlocks);
        open.Release(2, 2);
        Assert.Equal(0, open.Transformer.KvBlocks);
    }

    [Fact]
    public void Forward_Decode_AllocatesNothingAfterWarmUp()
    {
        using OpenModel open = new(TestPaths.BundledModel);
        Step step = new();
        Decode(1);
        open.Release(1);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Decode(2);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        // The first time through the KV pool grows; what it has grown to, it keeps.
        void Decode(long sequence)
        {
            for (int position = 0; position < 120; position++)
            {
                step.Clear();
                step.Rows.Add(new StepRow(sequence, position, position % 50 + 5));
                step.LogitRows.Add(0);
                open.Transformer.Forward(step);
            }
        }
    }

    private static void Truncate(OpenModel open, long sequence, int length)
    {
        Step step = new();
        step.Truncations.Add(new StepTruncation(sequence, length));
        open.Transformer.Forward(step);
    }

    private static void AssertSame(List<float[]> expected, List<float[]> actual)
    {
        Assert.Equal(expected.Count, actual.Count);
        for (int row = 0; row < expected.Count; row++)
        {
            for (int token = 0; token < expected[row].Length; token++)
            {
                Assert.True(
                    BitConverter.SingleToInt32Bits(expected[row][token]) == BitConverter.SingleToInt32Bits(actual[row][token]),
                    $"Row {row}, token {token}: {expected[row][token]:R} and {actual[row][token]:R}.");
            }
        }
    }
}
