using Halo.Inference.Model;
using Halo.Inference.Model.Pieces;
using Halo.Inference.Model.Streaming;

namespace Halo.Inference.Tests.Model.Streaming;

/// <summary>Weights that are streamed give what weights in memory give.</summary>
public sealed class StreamedWeightsTests
{
    private const int SmallPieces = 1 << 15;
    private const long Budget = 900_000;

    // Budgets as parts of all pieces; 0 is room for two of the largest and no more.
    [Theory]
    [InlineData(1.0)]
    [InlineData(0.9)]
    [InlineData(0.5)]
    [InlineData(0.34)]
    [InlineData(0.1)]
    [InlineData(0.0)]
    public void Forward_WithinABudget_IsBitEqualToPiecesInMemory(double part)
    {
        using StreamedModel reference = new(TestPaths.BundledModel, SmallPieces, null);
        using StreamedModel streamed = new(TestPaths.BundledModel, SmallPieces, new StreamingOptions());
        long budget = Math.Max(2 * streamed.LargestPiece, (long)(part * streamed.PieceBytes));
        streamed.Streamed!.WeightBytes = budget;
        AssertSame(reference, streamed);
        StreamStatistics statistics = streamed.Streamed.Statistics;
        Assert.InRange(statistics.ResidentBytes + statistics.RingBytes, 0, budget);
        Assert.Equal(streamed.PieceBytes, statistics.ResidentBytes + statistics.StreamedBytes);
        Assert.Equal(part < 1, statistics.ReadBytes > 0);
        Assert.Equal((0, 0), (statistics.LatePieces, statistics.LeftOutPieces));
    }

    [Theory]
    [InlineData(false, 1)]
    [InlineData(false, 3)]
    [InlineData(true, 1)]
    [InlineData(true, 4)]
    public void Forward_WithOrWithoutOverlap_IsBitEqual(bool overlap, int readers)
    {
        using StreamedModel reference = new(TestPaths.BundledModel, SmallPieces, null);
        using StreamedModel streamed = new(TestPaths.BundledModel, SmallPieces, new StreamingOptions { Overlap = overlap, Readers = readers }, Budget);
        AssertSame(reference, streamed);
        Assert.True(streamed.Streamed!.Statistics.StreamedBytes > 0, "Nothing was streamed.");
    }

    // By worth that grows with the group: loaded from the last to the first.
    [Fact]
    public void Forward_LoadedInAnotherOrder_IsBitEqual()
    {
        using StreamedModel reference = new(TestPaths.BundledModel, SmallPieces, null);
        StreamingOptions options = new() { Order = new StaticGroupOrder(piece => piece.FirstGroup), Readers = 1 };
        using StreamedModel streamed = new(TestPaths.BundledModel, SmallPieces, options, Budget);
        AssertSame(reference, streamed);
        Assert.Equal(0, streamed.Streamed!.Statistics.LeftOutPieces);
    }

    [Fact]
    public void Forward_AfterAStepThatWasGivenUp_IsBitEqual()
    {
        using StreamedModel reference = new(TestPaths.BundledModel, SmallPieces, null);
        using StreamedModel streamed = new(TestPaths.BundledModel, SmallPieces, new StreamingOptions(), Budget);
        Step[] steps = [.. StreamedModel.Steps(reference.Config.VocabularySize)];
        foreach ((Step step, int stages) in steps.Zip([1, 4, 3, 0, 2, 5]))
        {
            if (step.Rows.Count > 0)
            {
                streamed.Forward(step, stages); // its rows are not in the sequence yet: the same step again
            }

            Assert.Equal(reference.Forward(step), streamed.Forward(step));
        }
    }

    [Fact]
    public void Forward_AfterAnotherPlanWithAnotherBudget_IsBitEqual()
    {
        using StreamedModel reference = new(TestPaths.BundledModel, SmallPieces, null);
        using StreamedModel streamed = new(TestPaths.BundledModel, SmallPieces, new StreamingOptions(), Budget);
        List<long> resident = [];
        foreach ((Step step, double part) in StreamedModel.Steps(reference.Config.VocabularySize).Zip([0.2, 0.6, 2, 2, 0.4, 0]))
        {
            streamed.Streamed!.WeightBytes = Math.Max(2 * streamed.LargestPiece, (long)(part * streamed.PieceBytes));
            streamed.Replan();
            Assert.Equal(reference.Forward(step), streamed.Forward(step));
            resident.Add(streamed.Streamed.Statistics.ResidentBytes);
        }

        Assert.True(resident[0] < resident[1] && resident[1] < resident[2] && resident[4] < resident[2] && resident[5] < resident[4], string.Join(" ", resident));
        Assert.Equal(streamed.PieceBytes, resident[2]);
    }

    [Fact]
    public void Forward_WithTooSmallABudget_SaysWhatIsNeeded()
    {
        using StreamedModel streamed = new(TestPaths.BundledModel, SmallPieces, new StreamingOptions(), 10_000);
        Step step = StreamedModel.Steps(100).First();
        Assert.Contains("allow this board more memory", Assert.Throws<StepException>(() => streamed.Forward(step)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Forward_PieceThatVanished_FailsThatStepWithItsName()
    {
        using StreamedModel reference = new(TestPaths.BundledModel, SmallPieces, null);
        using StreamedModel streamed = new(TestPaths.BundledModel, SmallPieces, new StreamingOptions(), Budget);
        Step[] steps = [.. StreamedModel.Steps(reference.Config.VocabularySize)];
        Assert.Equal(reference.Forward(steps[0]), streamed.Forward(steps[0]));
        PieceId victim = streamed.Table.StreamedStages.Last(stage => stage.Kind == PieceKind.FeedForward).StreamedIds[^1];
        string path = streamed.Folder.Cut(victim);
        byte[] good = File.ReadAllBytes(path);
        byte[] damaged = [.. good];
        damaged[^5] ^= 1;
        foreach (Action spoil in new[] { () => File.Delete(path), () => File.WriteAllBytes(path, damaged), () => File.WriteAllBytes(path, good[..^1]) })
        {
            File.WriteAllBytes(path, good);
            Assert.Throws<StepException>(() =>
            {
                spoil();
                streamed.Forward(steps[1]);
                streamed.Forward(steps[1]); // the first may have had the piece loaded before
            });
            string message = Assert.Throws<StepException>(() => streamed.Forward(steps[1])).Message;
            Assert.Contains($"Piece {victim} of made", message, StringComparison.Ordinal);
        }

        File.WriteAllBytes(path, good);
        Assert.Equal(reference.Forward(steps[1]), streamed.Forward(steps[1]));
    }

    [Fact]
    public void MeasureReadRate_OfStreamedPieces_ReadsThem()
    {
        using StreamedModel streamed = new(TestPaths.BundledModel, SmallPieces, new StreamingOptions(), Budget);
        streamed.Forward(StreamedModel.Steps(100).First());
        Assert.True(streamed.Streamed!.MeasureReadRate() > 0);
    }

    private static void AssertSame(StreamedModel reference, StreamedModel streamed)
    {
        foreach (Step step in StreamedModel.Steps(reference.Config.VocabularySize))
        {
            Assert.Equal(reference.Forward(step), streamed.Forward(step));
        }
    }
}
