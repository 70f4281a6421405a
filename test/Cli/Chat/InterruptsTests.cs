using Halo.Cli.Chat;

namespace Halo.Cli.Tests.Chat;

public sealed class InterruptsTests
{
    [Fact]
    public void Interrupt_WhileAnAnswerIsGiven_EndsTheAnswerAlone()
    {
        using Interrupts interrupts = new(() => Assert.Fail("no hint is due"), CancellationToken.None);
        interrupts.BeginWaiting();
        CancellationToken answer = interrupts.BeginAnswer().Token;

        interrupts.Interrupt();

        Assert.True(answer.IsCancellationRequested);
        Assert.False(interrupts.Program.IsCancellationRequested);
        interrupts.EndAnswer();
    }

    [Fact]
    public void Interrupt_BetweenAnswers_HintsFirstAndEndsTheProgramThen()
    {
        int hints = 0;
        using Interrupts interrupts = new(() => hints++, CancellationToken.None);
        interrupts.BeginWaiting();
        interrupts.Interrupt();
        interrupts.BeginWaiting();
        interrupts.Interrupt();
        Assert.Equal(2, hints);
        Assert.False(interrupts.Program.IsCancellationRequested);

        interrupts.Interrupt();

        Assert.Equal(2, hints);
        Assert.True(interrupts.Program.IsCancellationRequested);
    }

    [Fact]
    public void Interrupt_BeforeTheFirstMessage_EndsTheProgram()
    {
        using Interrupts interrupts = new(() => Assert.Fail("no hint is due"), CancellationToken.None);

        interrupts.Interrupt();

        Assert.True(interrupts.Program.IsCancellationRequested);
    }
}
