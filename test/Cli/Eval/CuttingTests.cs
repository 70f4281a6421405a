using Halo.Cli.Eval;
using Halo.Cli.Hosting;
using Halo.Inference.Gguf;
using Halo.Inference.Tokenization;

namespace Halo.Cli.Tests.Eval;

/// <summary>How texts are cut by <see cref="WindowCutter"/> and <see cref="StoryCutter"/>.</summary>
public sealed class CuttingTests
{
    private static readonly ITokenizer s_tokenizer = OpenTokenizer(TestPaths.BundledModel);

    [Theory]
    [InlineData(8, 3)]
    [InlineData(9, 4)]
    public void WindowCutter_ScoresSecondHalfAfterBos(int context, int scored)
    {
        const string text = "Once upon a time there was a little girl named Lily. She loved to play outside in the park.";
        int[] stream = s_tokenizer.Encode(text, addBos: true);
        IReadOnlyList<ScoredPiece> windows = WindowCutter.Cut(s_tokenizer, text, context, null);
        Assert.Equal(stream.Length / context, windows.Count);
        for (int i = 0; i < windows.Count; i++)
        {
            Assert.Equal(s_tokenizer.BosToken, windows[i].Tokens[0]);
            Assert.Equal(stream[((i * context) + 1)..((i + 1) * context)], windows[i].Tokens[1..]);
            Assert.Equal((context / 2) + 1, windows[i].ScoreFrom);
            Assert.Equal(scored, windows[i].ScoredCount);
        }

        Assert.Single(WindowCutter.Cut(s_tokenizer, text, context, 1));
    }

    [Fact]
    public void WindowCutter_TextOfExactlyOneWindow_IsEnough()
    {
        const string text = "Once upon a time";
        int length = s_tokenizer.Encode(text, addBos: true).Length;
        Assert.Single(WindowCutter.Cut(s_tokenizer, text, length, null));
        CommandFault fault = Assert.Throws<CommandFault>(() => WindowCutter.Cut(s_tokenizer, text, length + 1, null));
        Assert.Contains($"{length} tokens; one window needs {length + 1}", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void StoryCutter_DropsEmptyOnesAndCutsToContext()
    {
        IReadOnlyList<ScoredPiece> stories = StoryCutter.Cut(s_tokenizer, "\n\nA cat sat.\n\n\n\n  \n\nA dog ran far away.\n", 12, null);
        Assert.Equal(2, stories.Count);
        Assert.Equal(s_tokenizer.Encode("A cat sat.", addBos: true), stories[0].Tokens);
        Assert.Equal(s_tokenizer.Encode("A dog ran far away.", addBos: true)[..12], stories[1].Tokens);
        Assert.All(stories, story => Assert.Equal(1, story.ScoreFrom));
        Assert.Single(StoryCutter.Cut(s_tokenizer, "A\n\nB\n\nC", 6, 1));
    }

    // The count that the reference engine scored.
    [SharedFact(CommandLine.Story, CommandLine.ValidStories)]
    public void StoryCutter_First300Stories_ScoresAsManyTokensAsReference()
    {
        ITokenizer tokenizer = OpenTokenizer(TestPaths.Shared(CommandLine.Story));
        IReadOnlyList<ScoredPiece> stories = StoryCutter.Cut(tokenizer, TextFile.Read(TestPaths.Shared(CommandLine.ValidStories)), 512, 300);
        Assert.Equal(300, stories.Count);
        Assert.Equal(112_643, stories.Sum(story => story.ScoredCount));
    }

    private static ITokenizer OpenTokenizer(string path)
    {
        using GgufFile file = GgufFile.Open(path);
        return TokenizerFactory.Create(file.Metadata);
    }
}
