using System.Text.Json;
using Halo.Planning.Assignment;

namespace Halo.Planning.Tests.Assignment;

public sealed class PlanTests
{
    private static readonly ShardId s_shard = ShardId.Parse("1/attention-1");

    private readonly Plan _plan = Planner.Create(Profiles.Model, Profiles.Boards(2, 1, 1), new PlanRequest { Version = 7, HeadBoard = "b2" });

    [Fact]
    public void FromJson_OfToJson_GivesThePlan()
    {
        Plan read = Plan.FromJson(_plan.ToJson());
        Assert.Equal(_plan.Shards, read.Shards);
        Assert.Equal(_plan.Boards, read.Boards);
        Assert.Equal(_plan with { Boards = [], Shards = [] }, read with { Boards = _plan.Boards.Take(0).ToArray(), Shards = [] });
        Assert.Equal(_plan.ToJson(), read.ToJson());
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{\"version\":1}")]
    [InlineData("{\"version\":\"x\",\"model\":\"m\",\"boards\":[],\"headBoard\":\"b\",\"kvPositions\":1,\"shards\":[]}")]
    [InlineData("{\"version\":1,\"model\":\"m\",\"boards\":null,\"headBoard\":\"b\",\"kvPositions\":1,\"shards\":[]}")]
    public void FromJson_OfWhatIsNoPlan_Throws(string json) => Assert.ThrowsAny<JsonException>(() => Plan.FromJson(json));

    [Fact]
    public void Move_OfAShard_ChangesItsBoardAndTheVersionOnly()
    {
        Plan moved = _plan.Move(s_shard, "b3");

        Assert.Equal(8, moved.Version);
        Assert.Equal("b3", moved.Find(s_shard)!.Board);
        Assert.Equal(_plan.Find(s_shard)!.Slice, moved.Find(s_shard)!.Slice);
        Assert.Equal(
            _plan.Shards.Where(assignment => assignment.Shard != s_shard), moved.Shards.Where(assignment => assignment.Shard != s_shard));
        Assert.Equal((_plan.Boards, _plan.HeadBoard, _plan.KvPositions), (moved.Boards, moved.HeadBoard, moved.KvPositions));
    }

    [Fact]
    public void Move_ToOrOfWhatIsNotThere_NamesIt()
    {
        Assert.Contains("'b9'; it has b1, b2, b3", Assert.Throws<ArgumentException>(() => _plan.Move(s_shard, "b9")).Message, StringComparison.Ordinal);
        Assert.Contains(
            "1/attention-9",
            Assert.Throws<ArgumentException>(() => _plan.Move(ShardId.Parse("1/attention-9"), "b1")).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Find_UnknownShard_ReturnsNull() => Assert.Null(_plan.Find(ShardId.Parse("5/attention-0")));

    [Fact]
    public void BoardMemory_OfAllBoards_SumsToThePlansNeed()
    {
        BoardMemory[] memory = [.. _plan.Boards.Select(board => BoardMemory.Of(_plan, Profiles.Model, board))];

        Assert.Equal(8_000, memory.Sum(board => board.Attention));
        Assert.Equal(16_000, memory.Sum(board => board.FeedForward));
        Assert.Equal(5_000, memory.Sum(board => board.Vocabulary));
        Assert.Equal(10L * 2 * 4 * _plan.KvPositions, memory.Sum(board => board.Kv));
        Assert.Equal(3 * 500 + 2_000, memory.Sum(board => board.Fixed));
        Assert.All(memory, board => Assert.Equal(board.Attention + board.FeedForward + board.Vocabulary + board.Kv + board.Fixed, board.Total));
        Assert.Equal(4_000, memory[0].Attention);
    }

    [Fact]
    public void BoardMemory_OfABoardWithoutShards_IsItsBuffers() =>
        Assert.Equal(new BoardMemory("b9", 0, 0, 0, 0, 500), BoardMemory.Of(_plan, Profiles.Model, "b9"));
}
