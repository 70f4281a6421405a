using System.Diagnostics;
using System.Text;
using Halo.Inference.Tokenization.BytePairs;

namespace Halo.Inference.Tests.Tokenization.BytePairs;

public sealed class BytePairTokenizerTests
{
    private const int Word = TestBytePairs.FirstWord;
    private static readonly BytePairTokenizer s_tokenizer = TestBytePairs.Create();

    [Fact]
    public void Encode_CompetingMerges_EarliestFirstThenLeftmost()
    {
        Assert.Equal([Word + 1], s_tokenizer.Encode("aaaa", addBos: false));
        Assert.Equal([Word, 'a'], s_tokenizer.Encode("aaa", addBos: false));
        Assert.Equal(['a', Word + 3], s_tokenizer.Encode("abc", addBos: false)); // "b c" comes before "a b"
        Assert.Equal([Word, Word + 3], s_tokenizer.Encode("aabc", addBos: false));
        Assert.Equal(['a', Word + 2, Word + 7], s_tokenizer.Encode("a aé", addBos: false));
    }

    [Fact]
    public void Encode_WordThatIsAToken_IsItWhereMergesAreIgnored()
    {
        BytePairTokenizer ignoring = TestBytePairs.Create(("tokenizer.ggml.pre", "llama-bpe"));

        Assert.Equal([Word + 5], ignoring.Encode("abc", addBos: false));
        Assert.Equal(['a', Word + 3], TestBytePairs.Create(("tokenizer.ggml.pre", "qwen2")).Encode("abc", addBos: false));
    }

    [Fact]
    public void Encode_NoText_GivesOnlyBos()
    {
        Assert.Equal([TestBytePairs.Text], s_tokenizer.Encode("", addBos: true));
        Assert.Empty(s_tokenizer.Encode("", addBos: false));
    }

    [Theory]
    [InlineData("gpt-2", false)]
    [InlineData("llama3", true)]
    [InlineData("qwen2", false)]
    [InlineData("tekken", true)]
    public void AddBos_WithoutAKey_IsWhatItsKindOfModelWants(string pre, bool expected)
    {
        Assert.Equal(expected, TestBytePairs.Create(("tokenizer.ggml.pre", pre)).AddBos);
        Assert.True(TestBytePairs.Create(("tokenizer.ggml.pre", pre), ("tokenizer.ggml.add_bos_token", true)).AddBos);
        Assert.False(TestBytePairs.Create(("tokenizer.ggml.pre", pre), ("tokenizer.ggml.add_bos_token", false)).AddBos);
        Assert.False(TestBytePairs.Create(("tokenizer.ggml.pre", pre), ("tokenizer.ggml.bos_token_id", "")).AddBos);
    }

    [Fact]
    public void AddEos_AsTheFileSays_IsNotedAndNotDone()
    {
        BytePairTokenizer tokenizer = TestBytePairs.Create(("tokenizer.ggml.add_eos_token", true));

        Assert.True(tokenizer.AddEos);
        Assert.False(s_tokenizer.AddEos);
        Assert.Equal(['x'], tokenizer.Encode("x", addBos: false));
    }

    [Fact]
    public void EndTokens_Default_AreBosEosAndEndsOfTurns()
    {
        Assert.Equal([TestBytePairs.Text, TestBytePairs.End], s_tokenizer.EndTokens.Order());
        Assert.Contains('x', TestBytePairs.Create(("tokenizer.ggml.eot_token_id", (uint)'x')).EndTokens);
        Assert.Contains('y', TestBytePairs.Create(("tokenizer.ggml.eom_token_id", (int)'y')).EndTokens);
    }

    [Fact]
    public void EndTokens_EndOfTurnAmongTheWords_IsMadeSpecial()
    {
        int[] kinds = [.. Enumerable.Repeat(1, s_tokenizer.VocabularySize)];
        BytePairTokenizer tokenizer = TestBytePairs.Create(("tokenizer.ggml.token_type", kinds));

        Assert.Contains(TestBytePairs.End, tokenizer.EndTokens);
        Assert.Empty(tokenizer.TokenBytes(TestBytePairs.End).ToArray());
        Assert.DoesNotContain(TestBytePairs.End, tokenizer.Encode("<|im_end|>", addBos: false));
    }

    [Fact]
    public void Encode_SpecialTokensInText_ControlOnlyWhenAskedUserDefinedAlways()
    {
        const string Text = "a<|start|>b<think>";

        Assert.Equal(['a', TestBytePairs.Start, 'b', TestBytePairs.Think], s_tokenizer.Encode(Text, addBos: false, parseSpecial: true));
        int[] plain = s_tokenizer.Encode(Text, addBos: false);
        Assert.DoesNotContain(TestBytePairs.Start, plain);
        Assert.Equal(TestBytePairs.Think, plain[^1]);
        Assert.Equal(Text, s_tokenizer.Decode(plain));
    }

    [Fact]
    public void Encode_SegmentsOfOthers_CannotMakeSpecialTokens()
    {
        int[] tokens = s_tokenizer.Encode(
            [new("<|start|>", true), new("a<|im_end|><|start|>", false), new("<|im_", true), new("end|>", false), new("<|im_end|>", true)], addBos: false);

        Assert.Equal(TestBytePairs.Start, tokens[0]);
        Assert.Equal(TestBytePairs.End, tokens[^1]);
        Assert.Equal("a<|im_end|><|start|><|im_end|>", s_tokenizer.Decode(tokens.AsSpan(1..^1)));
        Assert.DoesNotContain(tokens[1..^1], token => token >= TestBytePairs.Text);
    }

    [Fact]
    public void Encode_SegmentsWithUserDefinedToken_IsPlainTextInOthersWhereTheTemplateUsesIt()
    {
        Assert.Equal([TestBytePairs.Think], s_tokenizer.Encode([new("<think>", false)], addBos: false));

        int[] tokens = s_tokenizer.Encode([new("<think>", false), new("<think>", true)], addBos: false);
        Assert.Single(tokens, TestBytePairs.Think);
        Assert.Equal(TestBytePairs.Think, tokens[^1]);
    }

    [Fact]
    public void Encode_Segments_AreOneTextForWords()
    {
        Assert.Equal(s_tokenizer.Encode("aaaa aabc", addBos: true), s_tokenizer.Encode([new("aa", true), new("aa", false), new(" a", false), new("abc", true)], addBos: true));
    }

    [Fact]
    public void Encode_MergesThatMakeASpecialToken_NeverMakeIt()
    {
        string[] tokens = (string[])TestBytePairs.Entries()["tokenizer.ggml.tokens"];
        tokens[TestBytePairs.Start] = "xy";
        tokens[TestBytePairs.Think] = "zé";
        BytePairTokenizer tokenizer = TestBytePairs.Create(("tokenizer.ggml.tokens", tokens), ("tokenizer.ggml.merges", (string[])["x y", "Ã ©", "z Ã©"]));

        Assert.Equal(['x', 'y'], tokenizer.Encode("xy", addBos: false));
        Assert.Equal([TestBytePairs.Think], tokenizer.Encode("zé", addBos: false));
        Assert.Equal(['z', Word + 7], tokenizer.Encode([new("zé", false), new("zé", true)], addBos: false)[..2]);
    }

    [Fact]
    public void Encode_LoneSurrogate_IsTheReplacementCharacter() =>
        Assert.Equal([0xEF, 0xBF, 0xBD, 'x'], s_tokenizer.Encode("\uD83Dx", addBos: false));

    [Fact]
    public void Encode_ByteWithoutAToken_IsLeftOutUnlessThereIsAnUnknown()
    {
        string[] tokens = (string[])TestBytePairs.Entries()["tokenizer.ggml.tokens"];
        int[] kinds = (int[])TestBytePairs.Entries()["tokenizer.ggml.token_type"];
        tokens['q'] = "<unk>";
        kinds['q'] = 2;
        (string, object)[] changes = [("tokenizer.ggml.tokens", tokens), ("tokenizer.ggml.token_type", kinds)];

        Assert.Equal(['p', 'r'], TestBytePairs.Create(changes).Encode("pqr", addBos: false));
        Assert.Equal(['p', 'q', 'r'], TestBytePairs.Create([.. changes, ("tokenizer.ggml.unknown_token_id", (uint)'q')]).Encode("pqr", addBos: false));
    }

    [Theory]
    [InlineData("gpt-2")]
    [InlineData("default")]
    [InlineData("smollm")]
    [InlineData("llama-bpe")]
    [InlineData("qwen2")]
    [InlineData("qwen35")]
    [InlineData("tekken")]
    [InlineData("gpt-4o")]
    [InlineData("falcon")]
    [InlineData("deepseek-coder")]
    [InlineData("deepseek-v3")]
    public void Encode_MegabytesOfOneKind_IsNotQuadratic(string pre)
    {
        BytePairTokenizer tokenizer = TestBytePairs.Create(("tokenizer.ggml.pre", pre));
        Stopwatch watch = Stopwatch.StartNew();
        foreach (string unit in (string[])["a", "A", "aA", "é中", " ", "\n ", "1", "'", "<", "\u0301", "<|im_"])
        {
            string text = new StringBuilder().Insert(0, unit, 300_000 / unit.Length).ToString();
            Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text + "x", addBos: false).AsSpan(..^1)));
            Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text, addBos: false)));
        }

        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(60), $"took {watch.Elapsed}");
    }

    [SharedFact("models/tokenizers/llama.cpp-vocab/ggml-vocab-gpt-2.gguf.gz", "text/wiki.test.raw")]
    public void Encode_LongText_DecodesBackAndAgreesWithThePlainAlgorithm()
    {
        using SharedVocabulary file = new(TestPaths.Shared("models/tokenizers/llama.cpp-vocab/ggml-vocab-gpt-2.gguf.gz"));
        BytePairTokenizer tokenizer = new(file.Metadata);
        Dictionary<string, int> ranks = file.Metadata.RequireStringArray("tokenizer.ggml.merges").Select((merge, rank) => (merge, rank)).ToDictionary();
        string text = File.ReadAllText(TestPaths.Shared("text/wiki.test.raw"))[..200_000];

        int[] tokens = tokenizer.Encode(text, addBos: false);
        Assert.Equal(text, tokenizer.Decode(tokens));
        foreach (string word in text.Split(' ').Distinct().Where(word => word.All(char.IsAsciiLetter) && word.Length > 0))
        {
            Assert.Equal(Plain("Ġ" + word, ranks), tokenizer.Encode(" " + word, addBos: false).Select(tokenizer.TokenText));
        }
    }

    // No queue: the best pair of all, again and again.
    private static List<string> Plain(string word, Dictionary<string, int> ranks)
    {
        List<string> pieces = [.. word.Select(letter => letter.ToString())];
        while (true)
        {
            int best = -1;
            int lowest = int.MaxValue;
            for (int i = 0; i + 1 < pieces.Count; i++)
            {
                if (ranks.TryGetValue($"{pieces[i]} {pieces[i + 1]}", out int rank) && rank < lowest)
                {
                    (best, lowest) = (i, rank);
                }
            }

            if (best < 0)
            {
                return pieces;
            }

            pieces[best] += pieces[best + 1];
            pieces.RemoveAt(best + 1);
        }
    }
}
