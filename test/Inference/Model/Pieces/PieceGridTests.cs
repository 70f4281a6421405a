using Halo.Inference.Model;
using Halo.Inference.Model.Architectures;
using Halo.Inference.Model.Pieces;
using Halo.Inference.Quantization;

namespace Halo.Inference.Tests.Model.Pieces;

public sealed class PieceGridTests
{
    [Fact]
    public void Cover_OfRandomSplits_HoldsEachGroupOnceOnTheGrid()
    {
        using ModelWeights weights = ModelWeights.Open(TestPaths.BundledModel);
        Random random = new(5);
        for (int round = 0; round < 500; round++)
        {
            ModelManifest manifest = ModelManifest.Of("tales", PieceFolder.MadeUpHash, weights, 1 << random.Next(10, 20));
            PieceKind kind = (PieceKind)random.Next(3);
            int groups = weights.Layout.GroupCount(kind);
            int cell = PieceGrid.CellGroups(manifest, kind);
            List<int> covered = [];
            for (int first = 0; first < groups;)
            {
                int count = random.Next(1, groups - first + 1);
                PieceId slice = new(kind, kind == PieceKind.Vocabulary ? PieceId.OutputLayer : 0, first, count);
                IReadOnlyList<PieceId> pieces = PieceGrid.Cover(manifest, slice);
                covered.AddRange(pieces.SelectMany(piece => Enumerable.Range(piece.FirstGroup, piece.GroupCount)));
                Assert.All(pieces, piece => Assert.Equal((slice.Kind, slice.Layer), (piece.Kind, piece.Layer)));
                Assert.All(pieces, piece => Assert.Equal(piece.FirstGroup / cell, (piece.FirstGroup + piece.GroupCount - 1) / cell));
                Assert.All(pieces.Skip(1).SkipLast(1), piece => Assert.Equal((0, cell), (piece.FirstGroup % cell, piece.GroupCount)));
                Assert.All(pieces, piece => Assert.True(kind != PieceKind.Attention || piece == slice));
                first += count;
            }

            Assert.Equal(Enumerable.Range(0, groups), covered);
        }
    }

    [Theory]
    [InlineData(1_000_000, 3)]
    [InlineData(100_000, 31)]
    [InlineData(3 << 20, 1)]
    [InlineData(40_000_000, 1)]
    public void CellGroups_OfGroupsOfASize_FillsTwoToFourMillionBytes(int groupBytes, int expected)
    {
        // A model of rows of one token group each: 32 rows of F32.
        ModelConfig config = Config() with { HiddenSize = groupBytes / 128, VocabularySize = 1 << 20 };
        ModelLayout layout = new(config, [], default, TensorType.F32, 32);
        ModelManifest manifest = new("made", new byte[32], 1, ModelManifest.UsualPieceBytes, layout, new ModelVectors(config, [], [], null, new RopeFrequencies([], 1)));
        int cell = PieceGrid.CellGroups(manifest, PieceKind.Vocabulary);
        Assert.Equal(expected, cell);
        Assert.True(cell == 1 || cell * layout.TokenGroupBytes is >= 2_000_000 and <= 4 << 20);
    }

    [Theory]
    [InlineData("3-attention-0-4")]
    [InlineData("0-feed-forward-16-8")]
    [InlineData("output-vocabulary-0-64")]
    public void TryParse_OfAnId_GivesItBack(string text)
    {
        Assert.True(PieceId.TryParse(text, out PieceId id));
        Assert.Equal(text, id.ToString());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("3-attention-0")]
    [InlineData("3-attention-0-4-5")]
    [InlineData("-1-attention-0-4")]
    [InlineData("03-attention-0-4")]
    [InlineData("3-attention-0-+4")]
    [InlineData("3-Attention-0-4")]
    [InlineData("3-vocabulary-0-4")]
    [InlineData("output-attention-0-4")]
    [InlineData("3-attention-0-99999999999")]
    [InlineData("../3-attention-0-4")]
    [InlineData("3-feed-forward-0-4.piece")]
    public void TryParse_OfOtherText_IsFalse(string? text) => Assert.False(PieceId.TryParse(text, out _));

    private static ModelConfig Config() => new()
    {
        Name = "made",
        Architecture = "llama",
        HiddenSize = 32,
        IntermediateSize = 64,
        LayerCount = 1,
        HeadCount = 4,
        KvHeadCount = 2,
        HeadDim = 8,
        RotaryDim = 8,
        VocabularySize = 40,
        ContextLength = 64,
        NormEpsilon = 1e-5f,
        RopeBase = 10_000,
    };
}
