using Halo.Planning.Assignment;
using Halo.Planning.Profiles;

namespace Halo.Planning.Tests.Assignment;

/// <summary>Boards that stream weights which do not fit.</summary>
public sealed class StreamingPlanTests
{
    [Fact]
    public void Create_ModelThatFits_IsPlannedAsWithoutStreaming()
    {
        BoardProfile[] boards = [new("small", 100, 6_500), new("large", 1, 1_000_000)];
        PlanRequest request = new() { KvPositions = 100 };
        Assert.Equal(
            Planner.Create(Profiles.Model, boards, request).ToJson(),
            Planner.Create(Profiles.Model, [boards[0] with { Streams = true }, boards[1]], request).ToJson());
    }

    [Fact]
    public void Create_ModelThatDoesNotFit_GivesBoardsThatStreamTheirShareBySpeed()
    {
        // 500 of buffers and 2,000 of the head board; KV takes 2 * 10 bytes a position and head group; two pieces of a layer's 4 groups, with their pages, 40,384.
        ModelProfile large = Profiles.Model with { NeuronGroupBytes = 3_000 };
        BoardProfile[] boards = [new("b1", 1, 55_000), new("b2", 1, 55_000)];
        PlanRequest request = new() { KvPositions = 100 };
        Assert.Throws<PlanDoesNotFitException>(() => Planner.Create(large with { LayerCount = 4 }, boards, request));
        BoardProfile[] streaming = [.. boards.Select(board => board with { Streams = true })];
        Plan plan = Planner.Create(large with { LayerCount = 4 }, streaming, request);
        Assert.Equal([4, 4], plan.Shards.Where(shard => shard.Shard is { Kind: ShardKind.FeedForward, Layer: 0 }).Select(shard => shard.GroupCount));
        Assert.All(streaming, board => Assert.True(BoardMemory.Of(plan, large with { LayerCount = 4 }, board.Name).Total > board.MemoryBytes));
    }

    // Where the board itself would refuse: not even two pieces beside buffers and KV.
    [Fact]
    public void Create_NoRoomForTwoPieces_DoesNotFitEither()
    {
        ModelProfile large = Profiles.Model with { NeuronGroupBytes = 3_000, LayerCount = 4 };
        BoardProfile[] boards = [new("b1", 1, 25_000) { Streams = true }, new("b2", 1, 25_000) { Streams = true }];
        Assert.Throws<PlanDoesNotFitException>(() => Planner.Create(large, boards, new PlanRequest { KvPositions = 100 }));
    }

    [Fact]
    public void Create_KvThatWouldTakeTheMemory_IsHalvedUntilWeightsHaveHalf()
    {
        // 16 contexts are 256,000 bytes of KV, the weights 181,000, and two pieces of a layer's 8 groups, with their pages, 96,384.
        ModelProfile large = Profiles.Model with { NeuronGroupBytes = 5_000, LayerCount = 4 };
        Plan plan = Planner.Create(large, [new BoardProfile("b1", 1, 150_000) { Streams = true }], new PlanRequest());
        BoardMemory memory = BoardMemory.Of(plan, large, "b1");
        Assert.Equal(200, plan.KvPositions);
        Assert.InRange(memory.Kv, 1, 75_000);
        Assert.True(memory.Total > 150_000);
    }

    [Fact]
    public void Create_NoRoomForKv_DoesNotFitEither() =>
        Assert.Throws<PlanDoesNotFitException>(() => Planner.Create(Profiles.Model, [new("b1", 1, 3_000) { Streams = true }], new PlanRequest { KvPositions = 100 }));
}
