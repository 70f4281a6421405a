using System.Numerics.Tensors;
using Halo.Inference.Model;
using Halo.Inference.Model.Pieces;

namespace Halo.Inference.Tests.Model.Pieces;

/// <summary>Boards that hold pieces compute what boards with the model file compute.</summary>
public sealed class PieceWeightsTests
{
    // One piece a slice, and as many as there are groups.
    private const int WholeSlices = 1 << 30;
    private const int SingleGroups = 1 << 10;

    public static TheoryData<string, int, int> Cuts()
    {
        TheoryData<string, int, int> cuts = [];
        foreach (string model in TestModels.Present)
        {
            cuts.Add(model, 1, 1);
            cuts.Add(model, 3, 2);
        }

        return cuts;
    }

    [Theory]
    [MemberData(nameof(Cuts))]
    public void Forward_OnePieceASlice_IsBitEqualToTheModelFile(string model, int slices, int walks)
    {
        using ShardedModel file = new(TestModels.PathOf(model), slices, walks);
        using PieceSource pieces = new(WholeSlices);
        using ShardedModel fed = new(TestModels.PathOf(model), slices, walks, pieces.Open);
        foreach (Step step in Steps(file.Config.VocabularySize))
        {
            Assert.Equal(file.Forward(step), fed.Forward(step));
        }
    }

    [Theory]
    [MemberData(nameof(Cuts))]
    public void Total_OfManyPiecesASlice_IsTheModelFilesUpToRounding(string model, int slices, int walks)
    {
        using ShardedModel file = new(TestModels.PathOf(model), slices, walks);
        using PieceSource pieces = new(SingleGroups);
        using ShardedModel fed = new(TestModels.PathOf(model), slices, walks, pieces.Open);
        foreach (Step step in Steps(file.Config.VocabularySize))
        {
            file.Begin(step);
            fed.Begin(step);
            for (int stage = 0; stage < 2 * file.Config.LayerCount; stage++)
            {
                float[] expected = file.Total(stage);
                float[] actual = fed.Total(stage);
                float tolerance = stage % 2 == 0 ? 0 : 1e-5f * Math.Abs(TensorPrimitives.MaxMagnitude(expected));
                float largest = expected.Zip(actual, (a, b) => Math.Abs(a - b)).Max();
                Assert.True(largest <= tolerance, $"Stage {stage} differs by up to {largest:G3}; {tolerance:G3} is allowed.");
                file.Add(expected);
                fed.Add(expected);
            }

            Assert.Equal(file.Finish(step), fed.Finish(step));
        }
    }

    [Fact]
    public void Load_PieceThatIsNotHere_NamesItAndLetsGoOfTheOthers()
    {
        using ModelWeights weights = ModelWeights.Open(TestPaths.BundledModel);
        using PieceFolder folder = new(weights, SingleGroups);
        using PieceWeights source = new(folder.Manifest, id => id.FirstGroup == 3 ? null : folder.Open(id));
        using (FeedForwardShard shard = source.LoadFeedForward(0, 1, 2))
        {
            Assert.Equal((2, 0L), (folder.OpenCount, shard.CopiedBytes));
        }

        string message = Assert.Throws<PieceException>(() => source.LoadFeedForward(0, 1, 5)).Message;
        Assert.Contains("Piece 0-feed-forward-3-1 of made", message, StringComparison.Ordinal);
        Assert.Equal(0, folder.OpenCount);
        Assert.Throws<ArgumentOutOfRangeException>(() => source.LoadFeedForward(0, 1, weights.Layout.NeuronGroupCount));
        Assert.Throws<ArgumentOutOfRangeException>(() => source.LoadVocabulary(0, weights.Layout.TokenGroupCount + 1));
    }

    // Two prefill chunks and two single tokens.
    private static IEnumerable<Step> Steps(int vocabularySize)
    {
        Random random = new(11);
        int position = 0;
        foreach (int rows in new[] { 8, 8, 1, 1 })
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
