using Halo.Planning.Assignment;
using Halo.Planning.Importance;
using Halo.Planning.Profiles;

namespace Halo.Planning.Tests.Assignment;

public sealed class PlacementTests
{
    private static readonly float[] s_heads = [4, 1, 3, 2];
    private static readonly float[] s_neurons = [1, 9, 2, 8, 3, 7, 4, 6];

    private readonly ModelImportance _importance = Profiles.Importance(Profiles.Model, s_heads, s_neurons);

    [Fact]
    public void Create_LosingBoard_GetsTheLeastImportantGroups()
    {
        BoardProfile[] boards = Profiles.Boards(1, 1);
        boards[0] = boards[0] with { Loss = 0.05 };
        Plan plan = Planner.Create(Profiles.Model, boards, new PlanRequest { Importance = _importance, LossWeight = 0.1 });

        Assert.Equal([1, 3], Groups(plan, ShardKind.Attention, "b1"));
        Assert.Equal([0, 2, 4, 6], Groups(plan, ShardKind.FeedForward, "b1"));
        Assert.Equal(2 * 4 + 2 * 8 + 2, plan.Shards.Count); // runs of one group each, and two of tokens
    }

    [Fact]
    public void Create_RegroupedByImportance_GivesEachBoardOneRun()
    {
        BoardProfile[] boards = [.. Profiles.Boards(1, 1, 1).Select((board, number) => board with { Loss = 0.1 * number })];
        ModelImportance sorted = Profiles.Importance(Profiles.Model, [4, 3, 2, 1], [8, 7, 6, 5, 4, 3, 2, 1]);
        Plan plan = Planner.Create(Profiles.Model, boards, new PlanRequest { Importance = sorted, LossWeight = 0 });

        Assert.All(plan.Shards.GroupBy(shard => (shard.Shard.Layer, shard.Shard.Kind, shard.Board)), runs => Assert.Single(runs));
        Assert.Equal([0, 1, 2], Groups(plan, ShardKind.FeedForward, "b1"));
        Assert.Equal([6, 7], Groups(plan, ShardKind.FeedForward, "b3"));
    }

    [Fact]
    public void Create_LossWorthALot_GivesTheLosingBoardFewerGroups()
    {
        BoardProfile[] boards = Profiles.Boards(1, 1, 1);
        boards[2] = boards[2] with { Loss = 0.3 };
        int Held(double lossWeight) => Groups(Create(lossWeight), ShardKind.FeedForward, "b3").Length;
        Plan Create(double lossWeight) => Planner.Create(Profiles.Model, boards, new PlanRequest { Importance = _importance, LossWeight = lossWeight });

        Assert.Equal(2, Held(0));
        Assert.Equal(0, Held(1000));
        PlanCost Cost(double lossWeight) => PlanCost.Of(Create(lossWeight), Profiles.Model, boards, _importance);
        Assert.True(Cost(0).LostShare > Cost(1000).LostShare);
        Assert.True(Cost(0).Seconds < Cost(1000).Seconds);
        Assert.Equal(0, Cost(1000).LostShare);
    }

    [Fact]
    public void Create_EqualLosses_IsThePlanOfSpeedAlone()
    {
        Random random = new(1);
        for (int i = 0; i < 300; i++)
        {
            ModelProfile model = Profiles.Model with { HeadGroupCount = random.Next(1, 9), NeuronGroupCount = random.Next(1, 40), TokenGroupCount = random.Next(1, 20) };
            double loss = random.Next(0, 3) * 0.1;
            BoardProfile[] boards = [.. Enumerable.Range(0, random.Next(1, 8)).Select(number => new BoardProfile($"b{number}", random.Next(1, 20), 10_000_000) { Loss = loss })];
            PlanRequest request = new() { HeadHoldsShards = random.Next(2) == 0, KvPositions = 100 };
            Plan plain = Planner.Create(model, boards, request);
            Assert.Equal(plain.Shards, Planner.Create(model, boards, request with { Importance = Profiles.Importance(model, random) }).Shards);
            Assert.Equal(plain.Shards, Planner.Create(model, boards, request with { Placement = new Placement(PlacementKind.Even) }).Shards);
        }
    }

    [Fact]
    public void Create_NoImportance_TakesNoNoteOfLosses()
    {
        BoardProfile[] boards = Profiles.Boards(1, 1);
        Plan plain = Planner.Create(Profiles.Model, boards, new PlanRequest());
        Assert.Equal(plain.Shards, Planner.Create(Profiles.Model, [boards[0] with { Loss = 0.5 }, boards[1]], new PlanRequest()).Shards);
    }

    [Fact]
    public void Create_AtRandom_KeepsQuotasAndFollowsTheSeed()
    {
        BoardProfile[] boards = Profiles.Boards(3, 1);
        Plan Drawn(int seed) => Planner.Create(Profiles.Model, boards, new PlanRequest { Importance = _importance, Placement = new Placement(PlacementKind.Random, seed) });
        Assert.Equal(Drawn(1).Shards, Drawn(1).Shards);
        Assert.Equal(6, Groups(Drawn(1), ShardKind.FeedForward, "b1").Length);
        Assert.True(Enumerable.Range(0, 20).Select(seed => string.Join(' ', Groups(Drawn(seed), ShardKind.FeedForward, "b2"))).Distinct().Count() > 5);
    }

    [Fact]
    public void Create_StorageGiven_HoldsMoreThanItsMemoryAndLess()
    {
        // 500 of buffers, 2,000 of the head; 2,000 a neuron group over both layers.
        BoardProfile[] boards = [new("b1", 1000, 60_000), new("b2", 1000, 9_000)];
        PlanRequest request = new() { KvPositions = 1 };
        int Held(double storage) => Groups(
            Planner.Create(Profiles.Model with { NeuronGroupCount = 16 }, [boards[0], boards[1] with { StorageBytesPerSecond = storage }], request),
            ShardKind.FeedForward, "b2").Length;

        Assert.InRange(Held(0), 0, 4);
        Assert.InRange(Held(400), Held(0) + 1, 7);
        Assert.Equal(8, Held(1e9));
    }

    [Fact]
    public void Create_ReplicationShare_GivesTheTopGroupsToASecondBoardUnderNamesOfTheirOwn()
    {
        BoardProfile[] boards = Profiles.Boards(1, 1, 1);
        Plan plan = Planner.Create(Profiles.Model, boards, new PlanRequest { Importance = _importance, ReplicationShare = 0.25 });
        ShardAssignment[] replicas = [.. plan.Shards.Where(shard => shard.Replica > 0)];

        Assert.Equal(plan.Shards.Count, plan.Shards.Select(shard => shard.Shard).Distinct().Count());
        Assert.Equal([1, 3], replicas.Where(shard => shard.Shard.Layer == 0).SelectMany(shard => Enumerable.Range(shard.FirstGroup, shard.GroupCount)).Order());
        foreach (ShardAssignment replica in replicas)
        {
            Assert.Equal(ShardKind.FeedForward, replica.Shard.Kind);
            Assert.DoesNotContain(plan.ShardsOf(replica.Board), shard => shard.Replica == 0 && shard.Shard.Kind == ShardKind.FeedForward
                && shard.Shard.Layer == replica.Shard.Layer && replica.FirstGroup >= shard.FirstGroup && replica.FirstGroup < shard.FirstGroup + shard.GroupCount);
        }

        Assert.Equal(plan.Shards, Plan.FromJson(plan.ToJson()).Shards);
        Assert.DoesNotContain("replica", Planner.Create(Profiles.Model, boards, new PlanRequest()).ToJson(), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void Create_NoMemoryForReplicas_LeavesThemAway()
    {
        BoardProfile[] boards = [new("b1", 1, 19_500), new("b2", 1, 17_500)];
        PlanRequest request = new() { Importance = _importance, ReplicationShare = 1, KvPositions = 50 };
        Plan plan = Planner.Create(Profiles.Model, boards, request);
        Assert.All(boards, board => Assert.True(BoardMemory.Of(plan, Profiles.Model, board.Name).Total <= board.MemoryBytes));
        Assert.True(plan.Shards.Count(shard => shard.Replica > 0) < 8);
    }

    [Fact]
    public void Create_NumbersOutOfRange_AreNamed()
    {
        BoardProfile board = new("b1", 1, 1_000_000);
        string Message(BoardProfile bad, PlanRequest? request = null) =>
            Assert.Throws<ArgumentException>(() => Planner.Create(Profiles.Model, [bad], request ?? new PlanRequest())).Message;

        Assert.Contains("'b1' has loss 1.5", Message(board with { Loss = 1.5 }), StringComparison.Ordinal);
        Assert.Contains("'b1' has loss NaN", Message(board with { Loss = double.NaN }), StringComparison.Ordinal);
        Assert.Contains("delay of -1", Message(board with { DelaySeconds = -1 }), StringComparison.Ordinal);
        Assert.Contains("storage of -1", Message(board with { StorageBytesPerSecond = -1 }), StringComparison.Ordinal);
        Assert.Contains("0 cores", Message(board with { Cores = 0 }), StringComparison.Ordinal);
        Assert.Contains("loss weight of -1", Message(board, new PlanRequest { LossWeight = -1 }), StringComparison.Ordinal);
        Assert.Contains("share of 2", Message(board, new PlanRequest { ReplicationShare = 2 }), StringComparison.Ordinal);
        ModelImportance other = _importance with { Stages = [.. _importance.Stages.Skip(1)] };
        Assert.Contains("3 stages and tiny 4", Message(board, new PlanRequest { Importance = other }), StringComparison.Ordinal);
        other = Profiles.Importance(Profiles.Model, s_neurons, s_neurons);
        Assert.Contains("8 groups in stage 0 and tiny 4", Message(board, new PlanRequest { Importance = other }), StringComparison.Ordinal);
        other = Profiles.Importance(Profiles.Model, [1, 2, 3, -1], s_neurons);
        Assert.Contains("negative", Message(board, new PlanRequest { Importance = other }), StringComparison.Ordinal);
    }

    private static int[] Groups(Plan plan, ShardKind kind, string board) => [.. plan.ShardsOf(board)
        .Where(shard => shard.Shard.Kind == kind && shard.Shard.Layer == 0 && shard.Replica == 0)
        .SelectMany(shard => Enumerable.Range(shard.FirstGroup, shard.GroupCount)).Order()];
}
