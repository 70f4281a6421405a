using Halo.Grains.Generations;

namespace Halo.Grains.Tests.Generations;

public sealed class CompletionTextTests
{
    [Fact]
    public void Sampled_PlainTokens_LetsEachThrough()
    {
        CompletionText text = new(WordTokenizer.Of(" a", " b"), [], wantsTokens: false);
        Assert.Equal(" a", text.Sampled(Token(2))!.Text);
        Assert.Equal(" b", text.Sampled(Token(3))!.Text);
        Assert.False(text.IsStopped);

        GenerationChunk last = text.End(promptTokenCount: 5);
        Assert.Equal(("", "length", 5, 2), (last.Text, last.FinishReason, last.PromptTokenCount, last.CompletionTokenCount));
    }

    [Fact]
    public void Sampled_StopTextAcrossTokens_EndsBeforeIt()
    {
        CompletionText text = new(WordTokenizer.Of("go on", " ST", "O", "P it"), ["STOP"], wantsTokens: false);
        Assert.Equal("go on", text.Sampled(Token(2))!.Text);
        Assert.Equal(" ", text.Sampled(Token(3))!.Text);
        Assert.Null(text.Sampled(Token(4)));
        Assert.False(text.IsStopped);
        Assert.Null(text.Sampled(Token(5)));
        Assert.True(text.IsStopped);

        GenerationChunk last = text.End(1);
        Assert.Equal(("", "stop", 4), (last.Text, last.FinishReason, last.CompletionTokenCount));
    }

    [Fact]
    public void Sampled_WhatOnlyBeganLikeAStopText_ComesLater()
    {
        CompletionText text = new(WordTokenizer.Of("ST", "AY"), ["STOP"], wantsTokens: false);
        Assert.Null(text.Sampled(Token(2)));
        Assert.Equal("STAY", text.Sampled(Token(3))!.Text);
        Assert.Null(text.Sampled(Token(2)));
        GenerationChunk last = text.End(1);
        Assert.Equal(("ST", "length"), (last.Text, last.FinishReason));
    }

    [Fact]
    public void Sampled_TextHeldBack_HoldsItsTokensToo()
    {
        CompletionText text = new(WordTokenizer.Of("x", "ST", "AY"), ["STOP"], wantsTokens: true);
        Assert.Equal(["x"], Texts(text.Sampled(Token(2))));
        Assert.Null(text.Sampled(Token(3)));
        Assert.Equal(["ST", "AY"], Texts(text.Sampled(Token(4))));
    }

    [Fact]
    public void End_AfterAStopText_LeavesOutTheTokensThatAreNoPartOfTheText()
    {
        CompletionText text = new(WordTokenizer.Of("x", " ST", "OP"), ["STOP"], wantsTokens: true);
        List<GenerationChunk?> chunks = [text.Sampled(Token(2)), text.Sampled(Token(3)), text.Sampled(Token(4)), text.End(1)];
        Assert.Equal("x ", string.Concat(chunks.Select(chunk => chunk?.Text)));
        Assert.Equal(["x"], chunks.SelectMany(Texts));
    }

    [Fact]
    public void Sampled_EndToken_StopsAndCounts()
    {
        CompletionText text = new(WordTokenizer.Of("a"), [], wantsTokens: true);
        text.Sampled(Token(2));
        Assert.Null(text.Sampled(Token(WordTokenizer.End)));
        Assert.True(text.IsStopped);
        Assert.Equal(("stop", 2), (text.End(1).FinishReason, text.End(1).CompletionTokenCount));
    }

    [Fact]
    public void End_WithinACharacter_GivesTheReplacementAndItsTokens()
    {
        CompletionText text = new(new WordTokenizer([0xC3], [0xA9]), [], wantsTokens: true);
        List<GenerationChunk?> whole = [text.Sampled(Token(2)), text.Sampled(Token(3))];
        Assert.Equal("é", string.Concat(whole.Select(chunk => chunk?.Text)));
        Assert.Equal("é", string.Concat(whole.SelectMany(Texts)));
        text.Sampled(Token(2));
        Assert.Equal("\uFFFD", text.End(1).Text);
    }

    [Fact]
    public void Prompt_EchoedUnscored_IsItsText()
    {
        CompletionText text = new(WordTokenizer.Of(" Once", " upon"), [], wantsTokens: false);
        Assert.Equal("Once upon", text.Prompt("Once upon", [1, 2, 3], scored: false).Text);
        Assert.Equal(" Once upon", text.Prompt(null, [1, 2, 3], scored: false).Text);
    }

    [Fact]
    public void Prompt_EchoedScored_ComesTokenByTokenWithoutTheAddedSpace()
    {
        CompletionText text = new(WordTokenizer.Of(" Once", " upon"), ["upon"], wantsTokens: true);
        GenerationChunk first = text.Prompt("Once upon", [1, 2, 3], scored: true);
        Assert.Equal(("", (float?)null), (first.Text, first.Tokens[0].LogProbability));
        GenerationChunk second = text.Given(Token(2, new TokenScore(3, -2)));
        GenerationChunk third = text.Given(Token(3));
        Assert.Equal("Once upon", first.Text + second.Text + third.Text);
        Assert.Equal(-1, second.Tokens[0].LogProbability);
        Assert.Equal([new TopToken(" upon", -2)], second.Tokens[0].Top);

        // A stop text in the prompt stops nothing.
        Assert.False(text.IsStopped);
        Assert.Equal(0, text.End(3).CompletionTokenCount);
    }

    private static TokenEvent Token(int token, params TokenScore[] top) => new(0, token, -1, top);

    private static IEnumerable<string> Texts(GenerationChunk? chunk) => chunk?.Tokens.Select(token => token.Text) ?? [];
}
