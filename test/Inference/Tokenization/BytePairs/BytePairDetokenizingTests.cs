using System.Text;
using Halo.Inference.Tokenization;
using Halo.Inference.Tokenization.BytePairs;

namespace Halo.Inference.Tests.Tokenization.BytePairs;

public sealed class BytePairDetokenizingTests
{
    private static readonly BytePairTokenizer s_tokenizer = TestBytePairs.Create();

    // Any cut of a text into tokens: the merges' own, bytes, and all between.
    [Fact]
    public void Append_AnyCutOfText_GivesWholeCharactersAndLosesNothing()
    {
        Random random = new(11);
        for (int run = 0; run < 500 * Nightly.Repeats; run++)
        {
            string text = RandomText(random);
            List<int> tokens = [];
            foreach (int token in s_tokenizer.Encode(text, addBos: true, parseSpecial: false))
            {
                ReadOnlySpan<byte> bytes = s_tokenizer.TokenBytes(token);
                tokens.AddRange(random.Next(2) == 0 || bytes.IsEmpty ? [token] : bytes.ToArray().Select(value => (int)value));
            }

            StreamingDetokenizer detokenizer = new(s_tokenizer);
            StringBuilder joined = new();
            foreach (int token in tokens)
            {
                string delta = detokenizer.Append(token);
                Assert.DoesNotContain('\uFFFD', delta);
                Assert.True(delta.Length == 0 || (!char.IsHighSurrogate(delta[^1]) && !char.IsLowSurrogate(delta[0])));
                joined.Append(delta);
            }

            Assert.Equal("", detokenizer.Flush());
            Assert.Equal(text, joined.ToString());
        }
    }

    // What a model that has learnt little may say: bytes that are no text.
    [Fact]
    public void Append_AnyTokens_GiveWhatTheirBytesAreAsAWhole()
    {
        Random random = new(12);
        for (int run = 0; run < 500 * Nightly.Repeats; run++)
        {
            int[] tokens = [.. Enumerable.Range(0, random.Next(40)).Select(_ => random.Next(s_tokenizer.VocabularySize))];
            StreamingDetokenizer detokenizer = new(s_tokenizer);
            string joined = string.Concat(tokens.Select(detokenizer.Append)) + detokenizer.Flush();

            Assert.Equal(Encoding.UTF8.GetString([.. tokens.SelectMany(token => s_tokenizer.TokenBytes(token).ToArray())]), joined);
        }
    }

    private static string RandomText(Random random)
    {
        StringBuilder text = new();
        for (int length = random.Next(1, 30); length > 0; length--)
        {
            int value = random.Next(5) switch
            {
                0 => random.Next(0x20, 0x7F),
                1 => random.Next(0x80, 0x800),
                2 => random.Next(0x3000, 0xD800),
                3 => random.Next(0x1F300, 0x1FAFF),
                _ => "aabc 12é"[random.Next(8)],
            };
            text.Append(new Rune(value).ToString());
        }

        return text.ToString();
    }
}
