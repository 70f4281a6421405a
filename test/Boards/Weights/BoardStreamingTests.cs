using Halo.Boards.Steps;
using Halo.Boards.Tests.Steps;
using Halo.Boards.Weights;
using Halo.Inference.Model;
using Halo.Inference.Model.Pieces;
using Halo.Inference.Model.Streaming;
using Halo.Planning.Assignment;
using Halo.Planning.Profiles;

namespace Halo.Boards.Tests.Weights;

/// <summary>A board whose memory is smaller than its shards streams them, and gives the same text.</summary>
public sealed class BoardStreamingTests : IDisposable
{
    private const int KvPositions = 2048; // of a set of boards
    private const long RoomForWeights = 1_500_000;

    private static readonly double[] s_two = [1, 1];

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("halo-test-");

    public void Dispose() => _folder.Delete(recursive: true);

    // With pieces of the usual size a slice of this model is one piece, as it is in the file.
    [Fact]
    public async Task RunAsync_BoardsThatStreamTheirFile_GiveTheSameTextBitForBit()
    {
        using BoardSet reference = new(s_two);
        BoardStreaming streaming = new(_folder.FullName, null, new StreamingOptions());
        using BoardSet streamed = new(s_two, shareOf: (board, model) => Share(board, model, model.Weights, () => streaming.Open(model)));
        StepRunnerTests.AssertSame(await reference.GenerateAsync(1, 30), await streamed.GenerateAsync(1, 30));
        Assert.All(streamed.Plan.Boards, board =>
        {
            StreamStatistics statistics = streamed.Share(board).Statistics.Streaming!;
            Assert.True(statistics.StreamedBytes > 0 && statistics.ReadBytes > statistics.StreamedBytes, statistics.ToString());
            Assert.InRange(statistics.ResidentBytes + statistics.RingBytes, 1, RoomForWeights);
        });
        await streamed.ReleaseAsync(1);
    }

    [Fact]
    public async Task RunAsync_BoardThatStreamsWhatItWasSent_GivesTheTextOfPiecesInMemory()
    {
        using CacheSet cache = new();
        ModelPieces pieces = cache.Open().Of(cache.Manifest);
        using PieceWeights source = pieces.Weights();
        using BoardSet reference = new(s_two, shareOf: (board, model) => OnSecond(board, model, () => Send(cache, pieces, board, model, source, null)));
        BoardStreaming streaming = new(_folder.FullName, null, new StreamingOptions());
        using BoardSet streamed = new(
            s_two, shareOf: (board, model) => OnSecond(board, model, () => Share(board, model, source, () => streaming.Open(pieces))));
        StepRunnerTests.AssertSame(await reference.GenerateAsync(1, 20), await streamed.GenerateAsync(1, 20));
        Assert.True(streamed.Share("b2").Statistics.Streaming!.ReadBytes > 0);
        Assert.Null(streamed.Share("b1").Statistics.Streaming);
    }

    [Fact]
    public async Task RunAsync_PieceThatVanishes_FailsStepsWithItsNameUntilItIsBack()
    {
        using BoardSet reference = new(s_two);
        BoardStreaming streaming = new(_folder.FullName, null, new StreamingOptions());
        using BoardSet streamed = new(s_two, shareOf: (board, model) => Share(board, model, model.Weights, () => streaming.Open(model)));
        List<RowOutcome> expected = await reference.GenerateAsync(1, 4);
        List<RowOutcome> actual = await streamed.GenerateAsync(1, 2);
        string[] files = [.. Directory.GetFiles(_folder.FullName, "*feed-forward*.piece", SearchOption.AllDirectories)];
        Assert.NotEmpty(files);
        foreach (string file in files)
        {
            File.Move(file, file + ".away");
        }

        StepException fault = await Assert.ThrowsAsync<StepException>(async () =>
        {
            await streamed.NextAsync(actual[^1]); // what was loaded ahead may do for this one
            await streamed.NextAsync(actual[^1]);
        });
        Assert.Matches(@"Piece \d+-feed-forward-\d+-\d+ of tales cannot be read", fault.Message);
        foreach (string file in files)
        {
            File.Move(file + ".away", file);
        }

        await streamed.ReleaseAsync(1);
        StepRunnerTests.AssertSame(expected, await streamed.GenerateAsync(2, 4) is { } again ? [.. again.Select(outcome => outcome with { SequenceId = 1 })] : []);
    }

    [Fact]
    public void Prepare_WithoutRoomForTwoPieces_SaysWhatTheBoardHas()
    {
        using LoadedModel model = LoadedModel.Open("tales", TestPaths.BundledModel, new StepLimits());
        BoardStreaming streaming = new(_folder.FullName, null, new StreamingOptions());
        BoardProfile profile = new("small", 1, Needed(model) + 100_000);
        using Board small = new(profile, streaming);
        Plan plan = Planner.Create(model.Profile, [profile with { MemoryBytes = 1L << 30 }], new PlanRequest { KvPositions = KvPositions });
        Assert.Contains("Board small", Assert.Throws<PlanDoesNotFitException>(() => small.Model(model).Prepare(plan)).Message, StringComparison.Ordinal);
        Assert.True(small.Profile.Streams);
    }

    [Fact]
    public void Prepare_PlanThatFits_StreamsNothing()
    {
        using LoadedModel model = LoadedModel.Open("tales", TestPaths.BundledModel, new StepLimits());
        using Board large = new(new BoardProfile("large", 1, 1L << 30), new BoardStreaming(_folder.FullName, null, new StreamingOptions()));
        large.Model(model).Prepare(Planner.Create(model.Profile, [large.Profile], new PlanRequest { KvPositions = KvPositions }));
        Assert.Null(large.Model(model).Streamed);
        Assert.Empty(_folder.GetFileSystemInfos());
    }

    private static BoardModel OnSecond(Board board, LoadedModel model, Func<BoardModel> share) => board.Name == "b2" ? share() : board.Model(model);

    private static BoardModel Send(CacheSet cache, ModelPieces pieces, Board board, LoadedModel model, IShardSource source, Func<StreamedWeights?>? open)
    {
        Plan plan = Planner.Create(model.Profile, [.. s_two.Select((speed, index) => new BoardProfile($"b{index + 1}", speed, 1L << 30))], new PlanRequest { KvPositions = KvPositions });
        foreach (ShardAssignment shard in plan.ShardsOf(board.Name))
        {
            cache.SendAsync(pieces, pieces.Missing(shard.Slice)).GetAwaiter().GetResult();
        }

        return Share(board, model, source, open);
    }

    private static BoardModel Share(Board board, LoadedModel model, IShardSource source, Func<StreamedWeights?>? open) => board.Model("tales", () =>
        new BoardModel(board.Name, "tales", source, model.Profile, model.Limits, open is null ? 1L << 30 : HalfNeeded(board, model) + RoomForWeights, open));

    // KV of a board that has half of the head groups, and buffers.
    private static long HalfNeeded(Board board, LoadedModel model) =>
        model.Profile.BoardBytes + (board.Name == "b1" ? model.Profile.HeadBoardBytes : 0) + Kv(model) / 2;

    private static long Needed(LoadedModel model) => model.Profile.BoardBytes + model.Profile.HeadBoardBytes + Kv(model);

    private static long Kv(LoadedModel model) => model.Profile.KvBytesPerPosition * model.Profile.HeadGroupCount * model.Profile.LayerCount * KvPositions;
}
