using Halo.Boards.Steps;
using Halo.Boards.Tests.Steps;
using Halo.Inference.Model;
using Halo.Inference.Quantization;
using Halo.Planning;
using Halo.Planning.Assignment;
using Halo.Planning.Profiles;

namespace Halo.Boards.Tests;

public sealed class BoardModelTests
{
    // b3 is too slow to get anything, so that a shard which goes there from b2 keeps its place in the order of additions: bits must not change.
    private static readonly double[] s_twoAndASpare = [1, 1, 0.001];

    [Theory]
    [InlineData(KvType.F16)]
    [InlineData(KvType.Q8_0)]
    [InlineData(KvType.F32)]
    public async Task KvTransfer_BulkThenTail_ContinuesBitForBit(KvType kvType)
    {
        using BoardSet stays = new(s_twoAndASpare, kvType: kvType);
        using BoardSet moves = new(s_twoAndASpare, kvType: kvType);
        Assert.Empty(moves.Plan.ShardsOf("b3"));
        List<RowOutcome> expected = await stays.GenerateAsync(1, 60);
        List<RowOutcome> other = await stays.GenerateAsync(2, 20);

        List<RowOutcome> first = await moves.GenerateAsync(1, 5);
        List<RowOutcome> second = await moves.GenerateAsync(2, 3);
        foreach (ShardAssignment shard in moves.Plan.ShardsOf("b2").Where(assignment => assignment.Shard.Kind == ShardKind.Attention).ToArray())
        {
            await moves.MoveAsync(shard, "b3", async () =>
            {
                // Between bulk and tail: more positions, and a sequence that opens, and one that opens and is gone.
                first.Add(await moves.NextAsync(first[^1]));
                second.Add(await moves.NextAsync(second[^1]));
                await moves.OpenAsync(100);
                await moves.ReleaseAsync(100);
            });
            first.Add(await moves.NextAsync(first[^1]));
        }

        Assert.True(first.Count > 8, "No attention shard was moved.");
        while (first.Count < expected.Count)
        {
            first.Add(await moves.NextAsync(first[^1]));
        }

        while (second.Count < other.Count)
        {
            second.Add(await moves.NextAsync(second[^1]));
        }

        StepRunnerTests.AssertSame(expected, first);
        StepRunnerTests.AssertSame(other, second);
        await moves.ReleaseAsync(1);
        await moves.ReleaseAsync(2);
        Assert.All(moves.Plan.Boards, board => Assert.Equal((0, 0L), (moves.Share(board).SequenceCount, moves.Share(board).KvBytes)));
    }

    [Fact]
    public async Task ImportKv_TailWithoutItsBulk_IsRefused()
    {
        using BoardSet set = new(s_twoAndASpare);
        await set.OpenAsync(1);
        ShardAssignment shard = set.Plan.ShardsOf("b2").First(assignment => assignment.Shard.Kind == ShardKind.Attention);
        KvBlock whole = Assert.Single(await set.Share("b2").ExportKvAsync(shard.Slice, []));
        KvBlock tail = Assert.Single(await set.Share("b2").ExportKvAsync(shard.Slice, [whole.Mark with { Length = 4 }]));
        Assert.Equal((4, whole.Mark.Length), (tail.First, tail.Mark.Length));

        set.Share("b3").Prepare(set.Plan.Move(shard.Shard, "b3"));
        set.Share("b3").Register(shard.Slice);
        await Assert.ThrowsAsync<StepException>(() => set.Share("b3").ImportKvAsync(shard.Slice, [tail]));
        Assert.Equal([whole.Mark], await set.Share("b3").ImportKvAsync(shard.Slice, [whole]));
        Assert.Equal([whole.Mark], await set.Share("b3").ImportKvAsync(shard.Slice, [tail]));
    }

    [Fact]
    public async Task ImportKv_BlockThatDoesNotFit_IsRefusedWithItsNumbers()
    {
        using BoardSet set = new(s_twoAndASpare);
        await set.OpenAsync(1);
        ShardAssignment shard = set.Plan.ShardsOf("b2").First(assignment => assignment.Shard.Kind == ShardKind.Attention);
        KvBlock block = Assert.Single(await set.Share("b2").ExportKvAsync(shard.Slice, []));
        set.Share("b3").Register(shard.Slice);
        KvBlock[] hostile =
        [
            block with { FormatVersion = 1 },
            block with { Type = KvType.F32 },
            block with { Slice = shard.Slice with { FirstGroup = 9 } },
            block with { First = -1 },
            block with { First = block.Mark.Length + 1 },
            block with { Data = block.Data[1..] },
            block with { Mark = block.Mark with { Length = int.MaxValue } },
        ];
        foreach (KvBlock bad in hostile)
        {
            StepException fault = await Assert.ThrowsAsync<StepException>(() => set.Share("b3").ImportKvAsync(shard.Slice, [bad]));
            Assert.Contains($"shard {shard.Shard}", fault.Message, StringComparison.Ordinal);
        }

        ShardSlice missing = shard.Slice with { Shard = ShardId.Parse("0/attention-9") };
        Assert.Contains(
            "tales/0/attention-9",
            (await Assert.ThrowsAsync<StepException>(() => set.Share("b2").ExportKvAsync(missing, []))).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Prepare_TooLittleMemory_SaysWhatTheBoardWouldNeed()
    {
        using LoadedModel model = LoadedModel.Open("tales", TestPaths.BundledModel, new StepLimits());
        using Board small = new(new BoardProfile("small", 1, 3_000_000));
        Plan plan = Planner.Create(model.Profile, [new BoardProfile("small", 1, 1L << 30)], new PlanRequest { KvPositions = 512 });
        BoardMemory memory = BoardMemory.Of(plan, model.Profile, "small");
        string message = Assert.Throws<PlanDoesNotFitException>(() => small.Model(model).Prepare(plan)).Message;
        Assert.Contains("Board small", message, StringComparison.Ordinal);
        Assert.Contains("plan 1 of tales", message, StringComparison.Ordinal);
        Assert.Contains("and has 3.0 MB", message, StringComparison.Ordinal);
        Assert.Contains(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{memory.Total / 1e6:0.0} MB"), message, StringComparison.Ordinal);
        Assert.Throws<StepException>(() => small.Model(model).Commit(1));
    }

    [Fact]
    public void Retire_AfterAMove_DropsTheShardThatLeft()
    {
        using BoardSet set = BoardSet.Of(2);
        ShardAssignment shard = set.Plan.ShardsOf("b2").First(assignment => assignment.Shard.Kind == ShardKind.Attention);
        int before = set.Share("b2").ShardCount;
        long bytes = set.Share("b2").CopiedBytes;
        set.Share("b2").Unregister(shard.Slice, untilRetired: true);
        Assert.Equal((before - 1, bytes), (set.Share("b2").ShardCount, set.Share("b2").CopiedBytes));
        Assert.False(set.Share("b2").Holds(shard.Slice));
        set.Share("b2").Register(shard.Slice);
        Assert.Equal(before, set.Share("b2").ShardCount);
        set.Share("b2").Unregister(shard.Slice, untilRetired: true);
        set.Share("b2").Retire();
        Assert.True(set.Share("b2").CopiedBytes < bytes);
    }

    [Fact]
    public void Prepare_PlanOfOneContext_LeavesRoomForOneWholeSequence()
    {
        // 100 positions are three whole blocks of 32 and a part of a fourth.
        using BoardSet set = BoardSet.Of(1);
        using Board board = new(set.Host.Boards[0].Profile);
        Plan plan = set.Plan with { KvPositions = 100 };
        BoardModel share = board.Model(set.Model);
        share.Prepare(plan);
        Assert.Equal(4L * set.Model.Weights.Config.KvHeadCount * set.Model.Weights.Config.LayerCount, share.KvBlockLimit);
    }
}
