using System.Runtime.InteropServices;
using Halo.Grains.Layers;
using Orleans.Runtime;

namespace Halo.Grains.Tests.Layers;

public sealed class StageSumTests
{
    private const int BoardCount = 3;

    [Fact]
    public async Task TryAdd_AllContributions_AddUpInBoardOrder()
    {
        // 1e8 + 1 - 1e8 is 0 in f32 in this order and 1 in another.
        StageSum sum = new(planVersion: 4, BoardCount);
        Assert.True(sum.TryAdd(Of(2, -1e8f)));
        Assert.True(sum.TryAdd(Of(0, 1e8f)));
        Assert.False(sum.IsComplete);
        Assert.True(sum.TryAdd(Of(1, 1)));
        Assert.True(sum.IsComplete);
        float[] total = Floats(await sum.Total);
        Assert.Equal([0f], total);
    }

    [Fact]
    public async Task TryAdd_BoardsWithoutAShard_CountButAddNothing()
    {
        StageSum sum = new(4, BoardCount);
        Assert.True(sum.TryAdd(Of(0)));
        Assert.True(sum.TryAdd(Of(1, 2, 3)));
        Assert.True(sum.TryAdd(Of(2)));
        float[] total = Floats(await sum.Total);
        Assert.Equal([2f, 3f], total);

        StageSum none = new(4, BoardCount);
        Assert.True(none.TryAdd(Of(0)) && none.TryAdd(Of(1)) && none.TryAdd(Of(2)));
        Assert.Empty((await none.Total).Sum);
    }

    [Fact]
    public void TryAdd_WhatDoesNotBelong_IsRefused()
    {
        StageSum sum = new(4, BoardCount);
        Assert.True(sum.TryAdd(Of(0, 1, 2)));
        Assert.False(sum.TryAdd(Of(0, 1, 2)));
        Assert.False(sum.TryAdd(Of(3, 1, 2)));
        Assert.False(sum.TryAdd(Of(-1, 1, 2)));
        Assert.False(sum.TryAdd(Of(1, 1, 2) with { PlanVersion = 3 }));
        Assert.False(sum.TryAdd(Of(1, 1, 2) with { BoardCount = 2 }));
        Assert.False(sum.TryAdd(Of(1, 1)));
        Assert.False(sum.TryAdd(Of(1, 1) with { PartialSum = new byte[7] }));
        Assert.False(sum.Total.IsCompleted);
        Assert.True(sum.TryAdd(Of(1, 1, 2)));
        Assert.True(sum.TryAdd(Of(2)));
        Assert.True(sum.Total.IsCompletedSuccessfully);
    }

    [Fact]
    public async Task Abandon_BeforeAllAreIn_FailsTheTotalWithTheReason()
    {
        StageSum sum = new(4, BoardCount);
        sum.TryAdd(Of(0, 1));
        sum.Abandon("Step 9 was given up.");
        Assert.Equal("Step 9 was given up.", (await Assert.ThrowsAsync<OrleansException>(() => sum.Total)).Message);
    }

    private static float[] Floats(StageTotal total) => MemoryMarshal.Cast<byte, float>(total.Sum.AsSpan()).ToArray();

    private static StageContribution Of(int board, params float[] values) =>
        new(PlanVersion: 4, StepNumber: 9, Stage: 0, board, BoardCount, MemoryMarshal.AsBytes(values.AsSpan()).ToArray());
}
