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
        // 500 of buffers and 2,000 of the head board; KV takes 2 * 10 bytes a position and head group.
        BoardProfile[] boards = [new("b1", 1, 12_000), new("b2", 1, 12_000)];
        Assert.Throws<PlanDoesNotFitException>(() => Planner.Create(Profiles.Model, boards, new PlanRequest { KvPositions = 100 }));
        BoardProfile[] streaming = [.. boards.Select(board => board with { Streams = true })];
        Plan plan = Planner.Create(Profiles.Model, streaming, new PlanRequest { KvPositions = 100 });
        Assert.Equal(
            [4, 4], plan.Shards.Where(shard => shard.Shard is { Kind: ShardKind.FeedForward, Layer: 0 }).Select(shard => shard.GroupCount));
    }

    [Fact]
    public void Create_KvThatWouldTakeTheMemory_IsHalvedUntilWeightsHaveHalf()
    {
        BoardProfile board = new("b1", 1, 20_000) { Streams = true };
        Plan plan = Planner.Create(Profiles.Model, [board], new PlanRequest());
        BoardMemory memory = BoardMemory.Of(plan, Profiles.Model, "b1");
        Assert.InRange(memory.Kv, 1, (board.MemoryBytes - memory.Fixed) / 2);
        Assert.True(memory.Total > board.MemoryBytes);
    }

    [Fact]
    public void Create_NoRoomForKv_DoesNotFitEither() =>
        Assert.Throws<PlanDoesNotFitException>(() => Planner.Create(Profiles.Model, [new("b1", 1, 3_000) { Streams = true }], new PlanRequest { KvPositions = 100 }));
}
