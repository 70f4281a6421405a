using FsCheck;
using FsCheck.Fluent;
using Halo.Planning.Assignment;
using Halo.Planning.Profiles;

namespace Halo.Planning.Tests.Assignment;

public sealed class PlannerTests
{
    [Fact]
    public void Create_EqualBoards_SplitsEveryKindEvenly()
    {
        Plan plan = Planner.Create(Profiles.Model, Profiles.Boards(1, 1), new PlanRequest { Version = 3 });

        Assert.Equal((3, "tiny", "b1"), (plan.Version, plan.Model, plan.HeadBoard));
        Assert.Equal(["b1", "b2"], plan.Boards);
        Assert.Equal([2, 2], Quotas(plan, ShardKind.Attention, 1));
        Assert.Equal([4, 4], Quotas(plan, ShardKind.FeedForward, 0));
        Assert.Equal([3, 2], Quotas(plan, ShardKind.Vocabulary, ShardId.OutputLayer));
        Assert.Equal(plan.Shards.Select(assignment => assignment.Shard).Order(), plan.Shards.Select(assignment => assignment.Shard));
    }

    [Fact]
    public void Create_UnevenSpeeds_GivesGroupsInProportion()
    {
        Plan plan = Planner.Create(Profiles.Model, Profiles.Boards(3, 1), new PlanRequest());
        Assert.Equal([3, 1], Quotas(plan, ShardKind.Attention, 0));
        Assert.Equal([6, 2], Quotas(plan, ShardKind.FeedForward, 0));
    }

    [Fact]
    public void Create_MoreBoardsThanHeadGroups_LeavesTheLastOnesNeuronsOnly()
    {
        Plan plan = Planner.Create(Profiles.Model, Profiles.Boards(1, 1, 1, 1, 1, 1), new PlanRequest());
        Assert.Equal([1, 1, 1, 1, 0, 0], Quotas(plan, ShardKind.Attention, 0));
        Assert.Equal([2, 2, 1, 1, 1, 1], Quotas(plan, ShardKind.FeedForward, 1));
        Assert.Equal([1, 1, 1, 1, 1, 0], Quotas(plan, ShardKind.Vocabulary, ShardId.OutputLayer));
        Assert.Equal(["b1", "b2", "b3", "b4", "b5", "b6"], plan.Boards);
    }

    [Fact]
    public void Create_FastBoardWithLittleMemory_GetsWhatItCanHold()
    {
        // 500 of buffers and 2,000 of the head board, then 2 * (1,000 + 10 * 100) for one head group: 6,500.
        BoardProfile[] boards = [new("small", 100, 6_500), new("large", 1, 1_000_000)];
        Plan plan = Planner.Create(Profiles.Model, boards, new PlanRequest { KvPositions = 100 });

        Assert.Equal([1, 3], Quotas(plan, ShardKind.Attention, 0));
        Assert.Equal([0, 8], Quotas(plan, ShardKind.FeedForward, 0));
        Assert.Equal(6_500, BoardMemory.Of(plan, Profiles.Model, "small").Total);
    }

    [Fact]
    public void Create_NothingAskedOfKv_TakesRoomFor16Sequences() =>
        Assert.Equal(1600, Planner.Create(Profiles.Model, Profiles.Boards(1), new PlanRequest()).KvPositions);

    [Fact]
    public void Create_LongContext_TakesAtMost32768Positions()
    {
        BoardProfile[] boards = [new("b1", 1, long.MaxValue / 4)];
        Assert.Equal(32_768, Planner.Create(Profiles.Model with { ContextLength = 8192 }, boards, new PlanRequest()).KvPositions);
        Assert.Equal(32_768, Planner.Create(Profiles.Model with { ContextLength = 131_072 }, boards, new PlanRequest()).KvPositions);
    }

    [Fact]
    public void Create_LittleMemory_HalvesKvDownToOneSequence()
    {
        long OfKv(int positions) => positions * 10L * 2 * 4;
        BoardProfile Board(int positions) => new("b1", 1, 2500 + Profiles.WeightBytes + OfKv(positions));

        Assert.Equal(800, Planner.Create(Profiles.Model, [Board(1599)], new PlanRequest()).KvPositions);
        Assert.Equal(400, Planner.Create(Profiles.Model, [Board(400)], new PlanRequest()).KvPositions);
        Assert.Equal(100, Planner.Create(Profiles.Model, [Board(100)], new PlanRequest()).KvPositions);
        Assert.Throws<PlanDoesNotFitException>(() => Planner.Create(Profiles.Model, [Board(99)], new PlanRequest()));
    }

    [Fact]
    public void Create_KvAskedFor_IsKeptOrRefused()
    {
        BoardProfile[] boards = [new("b1", 1, 2500 + Profiles.WeightBytes + 64_000)];
        Assert.Equal(800, Planner.Create(Profiles.Model, boards, new PlanRequest { KvPositions = 800 }).KvPositions);
        Assert.Equal(50, Planner.Create(Profiles.Model, boards, new PlanRequest { KvPositions = 50 }).KvPositions);
        Assert.Contains(
            "(801 positions)",
            Assert.Throws<PlanDoesNotFitException>(() => Planner.Create(Profiles.Model, boards, new PlanRequest { KvPositions = 801 })).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Create_TooLittleMemory_SaysWhatIsNeededOfferedAndShort()
    {
        ModelProfile model = Profiles.Model with { HeadGroupBytes = 1_000_000, NeuronGroupBytes = 2_000_000, TokenGroupBytes = 3_000_000 };
        BoardProfile[] boards = [new("left", 1, 5_000_000), new("right", 1, 4_000_000)];
        string message = Assert.Throws<PlanDoesNotFitException>(() => Planner.Create(model, boards, new PlanRequest { KvPositions = 100_000 })).Message;

        // 8 + 32 + 15 MB of weights, 10 * 2 * 4 * 100,000 bytes of KV.
        foreach (string part in new[]
        {
            "tiny does not fit", "55.0 MB of weights", "8.0 MB of KV", "(100000 positions)", "63.0 MB in all", "offer 9.0 MB",
            "left 5.0 MB, of which the head board", "right 4.0 MB", "Short by 54.0 MB",
        })
        {
            Assert.Contains(part, message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Create_EnoughInSumButNoWholeGroupFits_SaysSo()
    {
        BoardProfile[] boards = [new("b1", 1, 40_000), new("b2", 1, 499)];
        string message = Assert.Throws<PlanDoesNotFitException>(() => Planner.Create(Profiles.Model, boards, new PlanRequest { KvPositions = 1 })).Message;
        Assert.Contains("no cut on whole groups", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Create_NamedHeadBoard_IsChargedForItsBuffers()
    {
        Plan plan = Planner.Create(Profiles.Model, Profiles.Boards(1, 1), new PlanRequest { HeadBoard = "b2" });
        Assert.Equal("b2", plan.HeadBoard);
        Assert.Equal((500L, 2500L), (BoardMemory.Of(plan, Profiles.Model, "b1").Fixed, BoardMemory.Of(plan, Profiles.Model, "b2").Fixed));
    }

    [Fact]
    public void Create_ArgumentsThatMakeNoPlan_AreNamed()
    {
        static string Message(BoardProfile[] boards, PlanRequest request) =>
            Assert.Throws<ArgumentException>(() => Planner.Create(Profiles.Model, boards, request)).Message;

        Assert.Contains("at least one board", Message([], new PlanRequest()), StringComparison.Ordinal);
        Assert.Contains("'b1'", Message([.. Profiles.Boards(1), .. Profiles.Boards(1)], new PlanRequest()), StringComparison.Ordinal);
        Assert.Contains("'b9'", Message(Profiles.Boards(1), new PlanRequest { HeadBoard = "b9" }), StringComparison.Ordinal);
        foreach (double speed in new[] { 0, -1, double.NaN, double.PositiveInfinity })
        {
            Assert.Contains("'b2'", Message(Profiles.Boards(1, speed), new PlanRequest()), StringComparison.Ordinal);
        }

        Assert.Contains("0 positions", Message(Profiles.Boards(1), new PlanRequest { KvPositions = 0 }), StringComparison.Ordinal);
    }

    [Fact]
    public void Create_AnyBoards_AssignsEveryGroupOnceWithinMemory()
    {
        int made = 0;
        Prop.ForAll(Cases().ToArbitrary(), problem =>
        {
            Plan plan;
            try
            {
                plan = Planner.Create(problem.Model, problem.Boards, new PlanRequest());
            }
            catch (PlanDoesNotFitException)
            {
                return true;
            }

            made++;
            Assert.True(plan.KvPositions >= Math.Min(problem.Model.ContextLength, 2048));
            Assert.All(problem.Boards, board => Assert.InRange(BoardMemory.Of(plan, problem.Model, board.Name).Total, 0, board.MemoryBytes));
            AssertEveryGroupOnce(plan, problem.Model);
            return true;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(300));
        Assert.True(made > 100, $"Only {made} of 300 cases had a plan.");
    }

    private static Gen<(ModelProfile Model, BoardProfile[] Boards)> Cases() =>
        from layers in Gen.Choose(1, 5)
        from heads in Gen.Choose(1, 9)
        from neurons in Gen.Choose(1, 20)
        from tokens in Gen.Choose(1, 20)
        from boards in Gen.Choose(1, 10)
        from speeds in Gen.Choose(1, 50).ArrayOf(boards)
        from memory in Gen.Choose(2_000, 200_000).ArrayOf(boards)
        select (
            Profiles.Model with { LayerCount = layers, HeadGroupCount = heads, NeuronGroupCount = neurons, TokenGroupCount = tokens, TokenGroupBytes = 300 },
            speeds.Zip(memory, (speed, bytes) => (speed, bytes)).Select((pair, index) => new BoardProfile($"b{index}", pair.speed, pair.bytes)).ToArray());

    private static void AssertEveryGroupOnce(Plan plan, ModelProfile model)
    {
        Assert.Equal(plan.Shards.Count, plan.Shards.Select(assignment => assignment.Shard).Distinct().Count());
        foreach (IGrouping<(int, ShardKind), ShardAssignment> stage in plan.Shards.GroupBy(assignment => (assignment.Shard.Layer, assignment.Shard.Kind)))
        {
            IEnumerable<int> groups = stage.SelectMany(assignment => Enumerable.Range(assignment.FirstGroup, assignment.GroupCount));
            Assert.Equal(Enumerable.Range(0, model.GroupCount(stage.Key.Item2)), groups);
            Assert.Equal(Enumerable.Range(0, stage.Count()), stage.Select(assignment => assignment.Shard.Index));
            Assert.All(stage, assignment => Assert.Contains(assignment.Board, plan.Boards));
        }

        Assert.Equal(2 * model.LayerCount + 1, plan.Shards.Select(assignment => (assignment.Shard.Layer, assignment.Shard.Kind)).Distinct().Count());
    }

    private static int[] Quotas(Plan plan, ShardKind kind, int layer) => [.. plan.Boards.Select(board => plan.ShardsOf(board)
        .Where(assignment => assignment.Shard.Kind == kind && assignment.Shard.Layer == layer).Sum(assignment => assignment.GroupCount))];
}
