using Halo.Inference.Model.Pieces;
using Halo.Inference.Model.Streaming;

namespace Halo.Inference.Tests.Model.Streaming;

public sealed class PredictedGroupOrderTests
{
    // Two groups a piece; the input is the scores.
    private static readonly PieceId[] s_pieces = [.. Enumerable.Range(0, 3).Select(piece => new PieceId(PieceKind.FeedForward, 1, 2 * piece, 2))];

    [Fact]
    public void Arrange_AfterAnInput_PutsTheMostImportantPieceFirst()
    {
        PredictedGroupOrder order = Of(share: 1);
        order.Observe(PieceKind.Attention, 1, [0, 1, 3, 0, 2, 2]);
        Assert.Equal([1, 2, 0], Arrange(order, 3));
    }

    [Fact]
    public void Arrange_SeveralRows_TakesTheMostOfThem()
    {
        PredictedGroupOrder order = Of(share: 0.5);
        order.Observe(PieceKind.Attention, 1, [0, 1, 3, 0, 2, 2]);
        order.Observe(PieceKind.Attention, 1, [0, 9, 0, 0, 0, 0]);
        Assert.Equal([0, 1], Arrange(order, 2));
    }

    [Fact]
    public void Arrange_NextStep_ForgetsTheRowsOfTheOneBefore()
    {
        PredictedGroupOrder order = Of(share: 1);
        order.Observe(PieceKind.Attention, 1, [9, 0, 0, 0, 0, 0]);
        Assert.Equal([0], Arrange(order, 3)[..1]);
        Assert.Equal([0], Arrange(order, 3)[..1]); // ahead of the next input: the latest prediction counts
        order.Observe(PieceKind.Attention, 1, [0, 0, 0, 0, 0, 1]);
        Assert.Equal([2], Arrange(order, 3)[..1]);
    }

    [Fact]
    public void Observe_InputOfAnotherStage_SaysNothing()
    {
        PredictedGroupOrder order = Of(share: 1);
        order.Observe(PieceKind.Attention, 1, [0, 0, 0, 0, 0, 1]);
        order.Observe(PieceKind.FeedForward, 1, [9, 0, 0, 0, 0, 0]);
        order.Observe(PieceKind.Attention, 0, [9, 0, 0, 0, 0, 0]);
        Assert.Equal([2], Arrange(order, 3)[..1]);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1.1)]
    [InlineData(double.NaN)]
    public void Share_OutOfRange_IsRefused(double share)
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Of(share));
        Assert.Throws<ArgumentOutOfRangeException>(() => new StaticGroupOrder(null, share));
    }

    [Fact]
    public void StaticOrder_OfGroups_GoesByTheSumOfTheirWorth()
    {
        StaticGroupOrder order = new(StaticGroupOrder.OfGroups([[], [1, 0, 0, 4, 2, 1]]), 0.3);
        Span<int> indices = [0, 1, 2];
        Assert.Equal(1, order.Arrange(1, s_pieces, indices));
        Assert.Equal([1, 2, 0], indices);
    }

    private static PredictedGroupOrder Of(double share) => new(2, 6, (kind, _, input, scores) =>
    {
        input.CopyTo(scores);
        return kind == PieceKind.Attention;
    }, share);

    private static int[] Arrange(PredictedGroupOrder order, int wanted)
    {
        int[] indices = [0, 1, 2];
        Assert.Equal(wanted, order.Arrange(1, s_pieces, indices));
        return indices[..wanted];
    }
}
