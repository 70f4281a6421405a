using Halo.Boards.Steps;
using Halo.Boards.Tests.Steps;
using Halo.Boards.Weights;
using Halo.Inference.Model;
using Halo.Inference.Model.Pieces;
using Halo.Planning;
using Halo.Planning.Assignment;
using Halo.Planning.Profiles;

namespace Halo.Boards.Tests.Weights;

/// <summary>A board that was sent its pieces steps as one that has the model file.</summary>
public sealed class PieceBoardTests
{
    private const int WholeSlices = 1 << 30;

    private static readonly double[] s_two = [1, 1];

    [Fact]
    public async Task RunAsync_OneBoardOnWholePieces_GivesTheSameTextBitForBit()
    {
        using BoardSet reference = new(s_two);
        using CacheSet cache = new(WholeSlices);
        ModelPieces pieces = cache.Open().Of(ModelManifest.FromJson(cache.Manifest.ToJson()));
        await SendAllAsync(cache, pieces, reference.Plan.ShardsOf("b2"));
        using PieceWeights source = pieces.Weights();
        using BoardSet fed = new(s_two, shareOf: (board, model) => board.Name == "b2" ? Share(board, source, model.Limits) : board.Model(model));
        Assert.Equal(0, fed.Share("b2").CopiedBytes);
        StepRunnerTests.AssertSame(await reference.GenerateAsync(1, 60), await fed.GenerateAsync(1, 60));
    }

    [Fact]
    public async Task RunAsync_OneBoardOnManyPieces_GivesTheSameText()
    {
        using BoardSet reference = new(s_two);
        using CacheSet cache = new();
        ModelPieces pieces = cache.Open().Of(cache.Manifest);
        await SendAllAsync(cache, pieces, reference.Plan.ShardsOf("b2"));
        using PieceWeights source = pieces.Weights();
        using BoardSet fed = new(s_two, shareOf: (board, model) => board.Name == "b2" ? Share(board, source, model.Limits) : board.Model(model));
        List<RowOutcome> expected = await reference.GenerateAsync(1, 20);
        List<RowOutcome> actual = await fed.GenerateAsync(1, 20);
        Assert.Equal(expected.Select(outcome => outcome.TokenId), actual.Select(outcome => outcome.TokenId));
        Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First.LogProbability, pair.Second.LogProbability, 0.05));
    }

    [Fact]
    public async Task Register_WithAPieceMissing_NamesItAndWorksOnceItIsSent()
    {
        using BoardSet reference = new(s_two);
        using CacheSet cache = new(WholeSlices);
        ModelPieces pieces = cache.Open().Of(cache.Manifest);
        using PieceWeights source = pieces.Weights();
        using Board board = new(new BoardProfile("b2", 1, 1L << 30));
        BoardModel share = Share(board, source, new StepLimits());
        ShardAssignment shard = reference.Plan.ShardsOf("b2").First(assignment => assignment.Shard.Kind == ShardKind.Attention);
        string missing = Assert.Single(pieces.Missing(shard.Slice)).ToString();
        Assert.Contains(missing, Assert.Throws<PieceException>(() => share.Register(shard.Slice)).Message, StringComparison.Ordinal);
        Assert.Equal(0, share.ShardCount);
        await SendAllAsync(cache, pieces, [shard]);
        Assert.True(share.Register(shard.Slice));
    }

    [Fact]
    public async Task KvTransfer_FromAFileToPiecesAndBack_ContinuesBitForBit()
    {
        // b3 is too slow to get anything but what is moved there.
        double[] speeds = [1, 1, 0.001];
        using BoardSet stays = new(speeds);
        using CacheSet cache = new(WholeSlices);
        ModelPieces pieces = cache.Open().Of(cache.Manifest);
        using PieceWeights source = pieces.Weights();
        using BoardSet moves = new(speeds, shareOf: (board, model) => board.Name == "b3" ? Share(board, source, model.Limits) : board.Model(model));
        List<RowOutcome> expected = await stays.GenerateAsync(1, 30);

        List<RowOutcome> actual = await moves.GenerateAsync(1, 5);
        ShardAssignment shard = moves.Plan.ShardsOf("b2").First(assignment => assignment.Shard.Kind == ShardKind.Attention);
        await SendAllAsync(cache, pieces, [shard]);
        foreach (string target in new[] { "b3", "b2" })
        {
            await moves.MoveAsync(moves.Plan.Find(shard.Shard)!, target, async () => actual.Add(await moves.NextAsync(actual[^1])));
            actual.Add(await moves.NextAsync(actual[^1]));
        }

        while (actual.Count < expected.Count)
        {
            actual.Add(await moves.NextAsync(actual[^1]));
        }

        StepRunnerTests.AssertSame(expected, actual);
    }

    [Fact]
    public void Profile_OfAManifest_IsThatOfTheModelFile()
    {
        using LoadedModel model = LoadedModel.Open("tales", TestPaths.BundledModel, new StepLimits());
        using CacheSet cache = new();
        ModelManifest received = ModelManifest.FromJson(cache.Manifest.ToJson());
        Assert.Equal(model.Profile, ModelProfiles.Of("tales", received.Layout, model.Limits));
    }

    private static BoardModel Share(Board board, PieceWeights source, StepLimits limits) => board.Model("tales", () =>
        new BoardModel(board.Name, "tales", source, ModelProfiles.Of("tales", source.Manifest.Layout, limits), limits, board.Profile.MemoryBytes));

    private static async Task SendAllAsync(CacheSet cache, ModelPieces pieces, IEnumerable<ShardAssignment> shards)
    {
        foreach (ShardAssignment shard in shards)
        {
            await cache.SendAsync(pieces, pieces.Missing(shard.Slice));
        }
    }
}
