using System.Numerics.Tensors;
using Halo.Inference.Model;
using Halo.Inference.Quantization;

namespace Halo.Inference.Tests.Model;

/// <summary>Attention, feed-forward and vocabulary, cut into pieces, add up to the whole.</summary>
public sealed class ShardSumTests
{
    // The ragged ends are in here: 172 neurons of stories260K are 5 groups of 32 and one of 12, its Q8_0mix output projection has blocks of 32
    // columns over heads of 8, and there are more pieces than head groups.
    public static TheoryData<string, int, int> Cuts()
    {
        TheoryData<string, int, int> cuts = [];
        foreach (string model in TestModels.Present)
        {
            foreach ((int pieces, int walks) in new[] { (1, 1), (2, 2), (3, 1), (5, 2), (8, 8) })
            {
                cuts.Add(model, pieces, walks);
            }
        }

        return cuts;
    }

    // Every stage starts from the whole's residual, so that what is compared is one stage's sum and not what rounding grew into.
    [Theory]
    [MemberData(nameof(Cuts))]
    public void Total_OfAllPieces_IsTheWholeStage(string model, int pieces, int walks)
    {
        using ShardedModel whole = new(TestModels.PathOf(model), pieces: 1, walks: 1);
        using ShardedModel cut = new(TestModels.PathOf(model), pieces, walks);

        // Where blocks cover foreign columns, the zeros there leave a finer scale to the shard's own activations: another rounding to 1/127.
        bool covering = pieces > 1 && model.Contains('Q') && whole.Config.GroupWidth % 32 != 0;
        foreach (Step step in Steps(whole.Config.VocabularySize))
        {
            whole.Begin(step);
            cut.Begin(step);
            for (int stage = 0; stage < 2 * whole.Config.LayerCount; stage++)
            {
                float[] expected = whole.Total(stage);
                float[] actual = cut.Total(stage);
                float scale = TensorPrimitives.MaxMagnitude(expected);
                float tolerance = pieces == 1 ? 0 : Math.Abs(scale) * (covering && stage % 2 == 0 ? 0.02f : 1e-5f);
                float largest = expected.Zip(actual, (a, b) => Math.Abs(a - b)).Max();
                Assert.True(largest <= tolerance, $"Stage {stage} differs by up to {largest:G3} of {scale:G3}; {tolerance:G3} is allowed.");
                whole.Add(expected);
                cut.Add(expected);
            }

            // The vocabulary is cut by rows, which changes nothing.
            Assert.Equal(whole.Finish(step), cut.Finish(step));
        }
    }

    [Theory]
    [MemberData(nameof(Cuts))]
    public void Forward_InPieces_GivesTheLogitsOfTheWhole(string model, int pieces, int walks)
    {
        // KV in f32: a key on the edge between two halves falls to the other side by the last bit of a sum, which moves logits by far more.
        using OpenModel whole = new(TestModels.PathOf(model), limits: new StepLimits { KvType = KvType.F32 });
        using ShardedModel cut = new(TestModels.PathOf(model), pieces, walks, kvType: KvType.F32);
        double largest = 0;
        double squares = 0;
        double differences = 0;
        foreach (Step step in Steps(whole.VocabularySize))
        {
            ReadOnlySpan<float> expected = whole.Transformer.Forward(step);
            float[] actual = cut.Forward(step);
            for (int i = 0; i < actual.Length; i++)
            {
                double difference = Math.Abs((double)expected[i] - actual[i]);
                largest = Math.Max(largest, difference);
                squares += (double)expected[i] * expected[i];
                differences += difference * difference;
            }
        }

        // A few ulp of logits near 10 from the order of additions. Where activations are quantised, a value on the edge between two steps of 1/127
        // falls to the other side now and then, which moves logits by far more; what that leaves in all is judged.
        if (model.Contains('Q') && pieces > 1)
        {
            Assert.True(Math.Sqrt(differences / squares) < 0.02, $"Logits differ by {Math.Sqrt(differences / squares):P2} of their size.");
        }
        else
        {
            Assert.True(largest <= (pieces == 1 ? 0 : 1e-4), $"Logits differ by up to {largest:G3}.");
        }
    }

    [Fact]
    public void CopiedBytes_OfTheWholeMappedModel_IsNothing()
    {
        using ModelWeights weights = ModelWeights.Open(TestPaths.BundledModel, WeightMode.Mapped);
        using KvBlockPool pool = new(weights.Config.HeadDim, 0);
        using AttentionShard whole = weights.LoadAttention(0, 0, weights.Config.KvHeadCount, pool, 1);
        using AttentionShard part = weights.LoadAttention(0, 0, 1, pool, 1);
        using FeedForwardShard neurons = weights.LoadFeedForward(0, 0, weights.Layout.NeuronGroupCount);
        using FeedForwardShard group = weights.LoadFeedForward(0, 1, 1);
        using VocabularyShard tokens = weights.LoadVocabulary(1, 1);
        Assert.Equal((0, 0, 0), (whole.CopiedBytes, neurons.CopiedBytes, tokens.CopiedBytes));
        Assert.InRange(part.CopiedBytes, 1, weights.Layout.HeadGroupBytes);
        Assert.InRange(group.CopiedBytes, 1, weights.Layout.NeuronGroupBytes);
    }

    [Fact]
    public void CopiedBytes_OfRepackedShards_AreThoseOfTheFile()
    {
        using ModelWeights weights = ModelWeights.Open(TestPaths.BundledModel, WeightMode.Repacked);
        using KvBlockPool pool = new(weights.Config.HeadDim, 0);
        using AttentionShard heads = weights.LoadAttention(0, 0, 1, pool, 1);
        using FeedForwardShard group = weights.LoadFeedForward(0, 1, 1);
        Assert.Equal(weights.Layout.HeadGroupBytes, heads.CopiedBytes);

        // One block of the down projection's columns is half of a unit, with the whole unit's scales.
        Assert.Equal(weights.Layout.NeuronGroupBytes + (2 * weights.Config.HiddenSize), group.CopiedBytes);
    }

    [Theory]
    [InlineData(-1, 0, 1)]
    [InlineData(1000, 0, 1)]
    [InlineData(0, -1, 1)]
    [InlineData(0, 0, 0)]
    [InlineData(0, 0, 1000)]
    [InlineData(0, int.MaxValue, 1)]
    [InlineData(0, 1, int.MaxValue)]
    public void Load_OfGroupsThatAreNotThere_Throws(int layer, int first, int count)
    {
        using ModelWeights weights = ModelWeights.Open(TestPaths.BundledModel);
        using KvBlockPool pool = new(weights.Config.HeadDim, 0);
        Assert.Throws<ArgumentOutOfRangeException>(() => weights.LoadAttention(layer, first, count, pool, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => weights.LoadFeedForward(layer, first, count));
        if (layer == 0)
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => weights.LoadVocabulary(first, count));
        }
    }

    // Two prefill chunks and four single tokens.
    private static IEnumerable<Step> Steps(int vocabularySize)
    {
        Random random = new(9);
        int position = 0;
        foreach (int rows in new[] { 16, 16, 1, 1, 1, 1 })
        {
            Step step = new();
            for (int row = 0; row < rows; row++)
            {
                step.LogitRows.Add(row);
                step.Rows.Add(new StepRow(1, position++, random.Next(vocabularySize)));
            }

            yield return step;
        }
    }
}
