using Halo.Boards;
using Halo.Grains.Models;
using Halo.Planning.Assignment;
using Orleans.Runtime;

namespace Halo.Grains.Tests.Models;

public sealed class BoardCallsTests
{
    [Fact]
    public async Task Naming_WorkThatSucceeds_EndsWithIt() => await BoardCalls.Naming("b2", Task.CompletedTask);

    [Fact]
    public async Task Naming_NoRoom_NamesTheBoard()
    {
        BoardRefusedException fault = await Assert.ThrowsAsync<BoardRefusedException>(() => BoardCalls.Naming("b2", Failing(new PlanDoesNotFitException("9 MB short"))));
        Assert.Equal(("b2", "9 MB short"), (fault.Board, fault.Message));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Naming_Silence_IsALostBoard(bool timeout)
    {
        Exception silence = timeout ? new TimeoutException("no answer in 30 s") : new OrleansException("the silo is gone");
        BoardLostException fault = await Assert.ThrowsAsync<BoardLostException>(() => BoardCalls.Naming("b2", Failing(silence)));
        Assert.Equal("b2", fault.Board);
        Assert.Contains(silence.Message, fault.Message, StringComparison.Ordinal);
        Assert.True(BoardCalls.IsSilence(silence));
    }

    [Fact]
    public async Task Naming_AnotherFault_StaysWhatItIs()
    {
        BoardLostException lost = new("b3", "Board b3 is lost.");
        Assert.Same(lost, await Assert.ThrowsAsync<BoardLostException>(() => BoardCalls.Naming("b2", Failing(lost))));
        await Assert.ThrowsAsync<InvalidOperationException>(() => BoardCalls.Naming("b2", Failing(new InvalidOperationException("no"))));
        Assert.False(BoardCalls.IsSilence(lost));
    }

    private static Task Failing(Exception fault) => Task.FromException(fault);
}
