using Halo.Boards.Control;
using Halo.Boards.Peers;
using Halo.Boards.Remote;
using Halo.Boards.Steps;
using Halo.Boards.Tests.Steps;
using Halo.Fabric.Datagrams;
using Halo.Fabric.Streams;
using Halo.Fabric.Wire;
using Halo.Inference.Model;
using Halo.Inference.Quantization;
using Halo.Planning;
using Halo.Planning.Assignment;

namespace Halo.Boards.Tests.Peers;

/// <summary>Boards of several processes that ask each other for weights and KV, and step together.</summary>
public sealed class SiloBoardTests
{
    private static readonly SessionTransport s_streams = new(Topology.Mesh, WireType.F32);
    private static readonly SessionTransport s_datagrams = new(Topology.Mesh, WireType.F32, DeliveryPolicy.Protected);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Run_AsFollowerWithoutTheFile_GivesWhatBoardsWithTheFileGive(bool datagrams)
    {
        using BoardSet reference = BoardSet.Of(2);
        await using PeerCluster cluster = new();
        PeerProcess head = await cluster.StartAsync("b1", TestPaths.BundledModel);
        PeerProcess follower = await cluster.StartAsync("b2");
        (PeerSteps steps, Plan plan) = await JoinAsync(datagrams ? s_datagrams : s_streams, head, follower);

        List<RowOutcome> expected = await reference.GenerateAsync(1, 30);
        List<RowOutcome> actual = await steps.GenerateAsync(30);

        Assert.Equal(reference.Plan.Shards, plan.Shards);
        Assert.Equal(expected.Select(outcome => outcome.TokenId), actual.Select(outcome => outcome.TokenId));
        Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First.LogProbability, pair.Second.LogProbability, 0.05));
        Assert.Equal(datagrams, (await follower.Board.GetLinksAsync(PeerCluster.Model)).Session!.Transport.Datagrams is not null);
    }

    [Fact]
    public async Task Run_AsFollowerWithTheSameFile_FetchesNothingAndGivesTheSameBits()
    {
        using BoardSet reference = BoardSet.Of(2);
        await using PeerCluster cluster = new();
        PeerProcess head = await cluster.StartAsync("b1", TestPaths.BundledModel);
        PeerProcess follower = await cluster.StartAsync("b2", TestPaths.BundledModel);
        (PeerSteps steps, _) = await JoinAsync(s_streams, head, follower);

        StepRunnerTests.AssertSame(await reference.GenerateAsync(1, 20), await steps.GenerateAsync(20));
        Assert.Equal(0, await follower.ReceivedAsync());
        Assert.Empty(follower.Pieces());
    }

    [Fact]
    public async Task Register_WithoutTheFile_FetchesThePiecesThatItLacksAndNoOthers()
    {
        await using PeerCluster cluster = new();
        PeerProcess head = await cluster.StartAsync("b1", TestPaths.BundledModel);
        PeerProcess first = await cluster.StartAsync("b2");
        Plan plan = PeerCluster.PlanOf(1, head, first);
        await first.Board.PrepareAsync(plan);
        Assert.Empty(first.Pieces()); // nothing comes before a shard needs it
        ShardSlice[] slices = [.. plan.ShardsOf("b2").Select(shard => shard.Slice)];
        Assert.True(await first.Board.RegisterAsync(PeerCluster.Model, slices[0]));
        long one = await first.ReceivedAsync();
        Assert.Equal(first.Pieces().Values.Sum(), one);
        Assert.False(await first.Board.RegisterAsync(PeerCluster.Model, slices[0]));
        Assert.Equal(one, await first.ReceivedAsync());

        await first.LoadAsync(plan);
        Assert.Equal(first.Pieces().Values.Sum(), await first.ReceivedAsync());
        Assert.Equal(slices.Length, (await first.Board.GetStatisticsAsync(PeerCluster.Model)).ShardCount);
        Assert.True((await first.ReceivedAsync()) < new FileInfo(TestPaths.BundledModel).Length);
    }

    [Fact]
    public async Task Prepare_OtherFileUnderTheSameName_IsRefusedAndNamesBothBoards()
    {
        await using PeerCluster cluster = new();
        PeerProcess head = await cluster.StartAsync("b1", TestPaths.BundledModel);
        PeerProcess other = await cluster.StartAsync("b2", cluster.OtherFile());
        BoardUnfitException fault = await Assert.ThrowsAsync<BoardUnfitException>(() => other.Board.PrepareAsync(PeerCluster.PlanOf(1, head, other)));
        Assert.Contains("Board b2 has another file", fault.Message, StringComparison.Ordinal);
        Assert.Contains("head board b1", fault.Message, StringComparison.Ordinal);
        Assert.Contains(PeerCluster.Model, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Prepare_HeadBoardWithAnotherFileThanTheOneBefore_IsRefusedAndNamesBothBoards()
    {
        await using PeerCluster cluster = new();
        PeerProcess before = await cluster.StartAsync("b1", TestPaths.BundledModel);
        PeerProcess bare = await cluster.StartAsync("b2");
        PeerProcess after = await cluster.StartAsync("b3", cluster.OtherFile());
        await bare.LoadAsync(PeerCluster.PlanOf(1, before, bare));
        BoardUnfitException fault = await Assert.ThrowsAsync<BoardUnfitException>(() => bare.Board.PrepareAsync(PeerCluster.PlanOf(2, after, bare)));
        Assert.Contains("Board b3 has another file under the name tales than board b1", fault.Message, StringComparison.Ordinal);
        await bare.Board.AbandonAsync(PeerCluster.Model, 2);
        await bare.LoadAsync(PeerCluster.PlanOf(3, before, bare));
    }

    [Fact]
    public async Task Prepare_HeadBoardWithAnotherKvType_IsRefusedAndNamesBothBoards()
    {
        await using PeerCluster cluster = new();
        PeerProcess head = await cluster.StartAsync("b1", TestPaths.BundledModel);
        PeerProcess other = await cluster.StartAsync("b2", TestPaths.BundledModel, kvType: KvType.Q8_0);
        BoardUnfitException fault = await Assert.ThrowsAsync<BoardUnfitException>(() => other.Board.PrepareAsync(PeerCluster.PlanOf(1, head, other)));
        Assert.Contains("Board b2 keeps KV in Q8_0 and the head board b1 in F16", fault.Message, StringComparison.Ordinal);

        PeerProcess bare = await cluster.StartAsync("b3");
        await bare.LoadAsync(PeerCluster.PlanOf(1, head, bare));
        fault = await Assert.ThrowsAsync<BoardUnfitException>(() => bare.Board.PrepareAsync(PeerCluster.PlanOf(2, other, bare)));
        Assert.Contains("Board b3 keeps KV in F16 and the head board b2 in Q8_0", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Abandon_OfAModelThatWasNeverOffered_IsNoFault()
    {
        await using PeerCluster cluster = new();
        PeerProcess head = await cluster.StartAsync("b1", TestPaths.BundledModel);
        PeerProcess bare = await cluster.StartAsync("b2");
        Plan plan = PeerCluster.PlanOf(1, head, bare);
        await head.DisposeAsync();
        await Assert.ThrowsAsync<BoardLostException>(() => bare.Board.PrepareAsync(plan));
        await bare.Board.AbandonAsync(PeerCluster.Model, 1);
    }

    [Fact]
    public async Task Prepare_ModelThatTheHeadBoardHasNot_SaysSo()
    {
        await using PeerCluster cluster = new();
        PeerProcess holder = await cluster.StartAsync("b1", TestPaths.BundledModel);
        PeerProcess bare = await cluster.StartAsync("b2");
        PeerProcess asks = await cluster.StartAsync("b3");
        Plan plan = PeerCluster.PlanOf(1, holder, bare, asks) with { HeadBoard = "b2" };

        StepException theirs = await Assert.ThrowsAsync<StepException>(() => asks.Board.PrepareAsync(plan));
        Assert.Equal("Board b2 has no file of tales.", theirs.Message);
        StepException own = await Assert.ThrowsAsync<StepException>(() => bare.Board.PrepareAsync(plan));
        Assert.Contains("Board b2 cannot be the head board of tales", own.Message, StringComparison.Ordinal);
        StepException never = await Assert.ThrowsAsync<StepException>(() => asks.Board.CommitAsync("other", 1));
        Assert.Contains("was not offered the model other", never.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Prepare_HeadBoardWithoutSilo_IsALostBoard()
    {
        await using PeerCluster cluster = new();
        PeerProcess head = await cluster.StartAsync("b1", TestPaths.BundledModel);
        PeerProcess follower = await cluster.StartAsync("b2");
        Plan plan = PeerCluster.PlanOf(1, head, follower);
        cluster.Remove("b1");
        BoardLostException fault = await Assert.ThrowsAsync<BoardLostException>(() => follower.Board.PrepareAsync(plan));
        Assert.Equal("b1", fault.Board);
        Assert.Contains("has no silo now", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ExportKv_FromPeerToPeer_IsWhatTheBoardItselfWrites()
    {
        await using PeerCluster cluster = new();
        PeerProcess head = await cluster.StartAsync("b1", TestPaths.BundledModel);
        PeerProcess follower = await cluster.StartAsync("b2");
        (PeerSteps steps, Plan plan) = await JoinAsync(s_streams, head, follower);
        await steps.GenerateAsync(5);
        ShardSlice slice = plan.ShardsOf("b2").First(shard => shard.Shard.Kind == ShardKind.Attention).Slice;

        IReadOnlyList<KvBlock> local = await follower.Board.ExportKvAsync(PeerCluster.Model, slice, []);
        IReadOnlyList<KvBlock> remote = await head.Peers.Find("b2")!.ExportKvAsync(PeerCluster.Model, slice, []);
        Assert.NotEmpty(local);
        Assert.Equal(KvCodec.WriteBlocks(slice, local), KvCodec.WriteBlocks(slice, remote));

        ShardSlice elsewhere = plan.ShardsOf("b1").First(shard => shard.Shard.Kind == ShardKind.Attention).Slice;
        StepException fault = await Assert.ThrowsAsync<StepException>(() => head.Peers.Find("b2")!.ExportKvAsync(PeerCluster.Model, elsewhere, []));
        Assert.Contains("Board b2 holds no attention shard", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Follow_UntilTheHeadBoardGoes_TellsItsName()
    {
        await using PeerCluster cluster = new();
        PeerProcess head = await cluster.StartAsync("b1", TestPaths.BundledModel);
        PeerProcess follower = await cluster.StartAsync("b2");
        (PeerSteps steps, _) = await JoinAsync(s_streams, head, follower);
        await steps.GenerateAsync(2);
        Assert.False(follower.Ended.Task.IsCompleted);
        await head.LeaveAsync();
        Assert.Equal("b1", await follower.Ended.Task.WaitAsync(TimeSpan.FromSeconds(20)));
    }

    [Fact]
    public async Task Register_UnderAPlanWithAnotherHeadBoard_FetchesFromThatOneWhatItLacks()
    {
        await using PeerCluster cluster = new();
        PeerProcess before = await cluster.StartAsync("b1", TestPaths.BundledModel);
        PeerProcess bare = await cluster.StartAsync("b2");
        PeerProcess after = await cluster.StartAsync("b3", TestPaths.BundledModel);
        await bare.LoadAsync(PeerCluster.PlanOf(1, before, bare, after));
        SortedDictionary<string, long> first = bare.Pieces();
        long asked = before.Server.Statistics.Requests;

        cluster.Remove("b1");
        (PeerSteps steps, _) = await JoinAsync(s_streams, after, bare, version: 2);
        Assert.True(bare.Pieces().Count > first.Count);
        Assert.Equal(bare.Pieces().Values.Sum(), await bare.ReceivedAsync());
        Assert.Equal(asked, before.Server.Statistics.Requests);
        Assert.Equal(bare.Pieces().Count - first.Count, after.Server.Statistics.Requests - 1); // the offer, and each piece once
        Assert.Equal(8, (await steps.GenerateAsync(8)).Count);
    }

    [Fact]
    public async Task Dispose_WhileItWaitsForPieces_EndsWhatWaits()
    {
        TaskCompletionSource sent = new(TaskCreationOptions.RunContinuationsAsynchronously);
        ControlClientOptions hangs = new() { Wrap = handler => new Swallowing(PeerPaths.Piece, sent) { InnerHandler = handler } };
        await using PeerCluster cluster = new();
        PeerProcess head = await cluster.StartAsync("b1", TestPaths.BundledModel);
        PeerProcess bare = await cluster.StartAsync("b2", client: hangs);
        Task loading = bare.LoadAsync(PeerCluster.PlanOf(1, head, bare)); // many pieces, of which two are asked for at once
        await sent.Task.WaitAsync(TimeSpan.FromSeconds(20));
        await bare.DisposeAsync();
        BoardLostException fault = await Assert.ThrowsAsync<BoardLostException>(() => loading.WaitAsync(TimeSpan.FromSeconds(20)));
        Assert.Equal("b1", fault.Board);
    }

    private static async Task<(PeerSteps Steps, Plan Plan)> JoinAsync(SessionTransport transport, PeerProcess head, PeerProcess follower, int version = 1)
    {
        Plan plan = PeerCluster.PlanOf(version, head, follower);
        await head.LoadAsync(plan);
        await follower.LoadAsync(plan);
        PeerSteps steps = await head.JoinAsync(plan, transport);
        await head.Board.CommitAsync(plan.Model, plan.Version);
        await follower.Board.CommitAsync(plan.Model, plan.Version);
        return (steps, plan);
    }
}
