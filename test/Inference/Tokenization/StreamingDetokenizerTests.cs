using Halo.Inference.Tokenization;

namespace Halo.Inference.Tests.Tokenization;

public sealed class StreamingDetokenizerTests
{
    private static readonly SentencePieceTokenizer s_tokenizer = TestVocabulary.Create();

    [Theory]
    [InlineData("🦙")]
    [InlineData("👩‍👩‍👧")]
    [InlineData("世")]
    [InlineData("a🦙b🦙")]
    public void Append_ByteTokens_NeverGivesHalfACharacter(string text)
    {
        StreamingDetokenizer detokenizer = new(s_tokenizer);
        string result = "";
        foreach (byte value in System.Text.Encoding.UTF8.GetBytes(text))
        {
            string delta = detokenizer.Append(3 + value);
            Assert.DoesNotContain('\uFFFD', delta);
            Assert.True(delta.Length == 0 || !char.IsHighSurrogate(delta[^1]));
            result += delta;
        }

        Assert.Equal("", detokenizer.Flush());
        Assert.Equal(text, result);
    }

    [Fact]
    public void Append_EmojiCutAnywhere_GivesReplacementOnlyWhenCertain()
    {
        byte[] emoji = System.Text.Encoding.UTF8.GetBytes("🦙");
        for (int cut = 1; cut < emoji.Length; cut++)
        {
            StreamingDetokenizer ended = new(s_tokenizer);
            Assert.Equal("", string.Concat(emoji[..cut].Select(value => ended.Append(3 + value))));
            Assert.Equal("\uFFFD", ended.Flush());
            Assert.Equal("", ended.Flush());

            StreamingDetokenizer interrupted = new(s_tokenizer);
            Assert.Equal("", string.Concat(emoji[..cut].Select(value => interrupted.Append(3 + value))));
            Assert.Equal("\uFFFDa", interrupted.Append(3 + 'a'));
        }
    }

    [Fact]
    public void Append_InvalidBytes_GiveReplacements()
    {
        StreamingDetokenizer detokenizer = new(s_tokenizer);

        Assert.Equal("\uFFFD", detokenizer.Append(3 + 0xFF));
        Assert.Equal("\uFFFD", detokenizer.Append(3 + 0x80));
        Assert.Equal("a", detokenizer.Append(3 + 'a'));
    }

    [Fact]
    public void Append_LeadingSpace_IsKeptAfterAPromptAndStrippedOnceAtTheStart()
    {
        int wordA = TestVocabulary.FirstWord + 3; // "▁a"
        StreamingDetokenizer continued = new(s_tokenizer);
        StreamingDetokenizer started = new(s_tokenizer, atStart: true);

        Assert.Equal(" a a", continued.Append(wordA) + continued.Append(wordA));
        Assert.Equal("a a", started.Append(1) + started.Append(wordA) + started.Append(wordA));
    }

    [Fact]
    public void Append_ControlAndUnknownTokens_GiveNothing()
    {
        StreamingDetokenizer detokenizer = new(s_tokenizer);

        Assert.Equal("", detokenizer.Append(0) + detokenizer.Append(1) + detokenizer.Append(2));
    }
}
