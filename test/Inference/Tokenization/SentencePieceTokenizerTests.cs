using System.Diagnostics;
using Halo.Inference.Gguf;
using Halo.Inference.Tokenization;

namespace Halo.Inference.Tests.Tokenization;

public sealed class SentencePieceTokenizerTests
{
    private const int Space = TestVocabulary.FirstWord;

    [Fact]
    public void Encode_EmptyText_GivesOnlyBos()
    {
        SentencePieceTokenizer tokenizer = TestVocabulary.Create();

        Assert.Equal([1], tokenizer.Encode("", addBos: true));
        Assert.Empty(tokenizer.Encode("", addBos: false));
    }

    [Fact]
    public void Encode_CompetingJoins_BestScoreFirstLeftmostAmongEquals()
    {
        // "▁ab": the join "▁a" has the better score, after which "▁ab" is reached from it.
        Assert.Equal([Space + 5], TestVocabulary.Create().Encode("ab", addBos: false));

        // "aab" without a prefix: a, then ab.
        SentencePieceTokenizer bare = TestVocabulary.Create(("tokenizer.ggml.add_space_prefix", false));
        Assert.Equal([Space + 1, Space + 4], bare.Encode("aab", addBos: false));
    }

    [Fact]
    public void Encode_CharacterOutsideTheVocabulary_FallsBackToBytes()
    {
        int[] tokens = TestVocabulary.Create(("tokenizer.ggml.add_space_prefix", false)).Encode("é\n🦙", addBos: false);

        Assert.Equal([Space + 6, 3 + '\n', 3 + 0xF0, 3 + 0x9F, 3 + 0xA6, 3 + 0x99], tokens);
    }

    [Fact]
    public void Encode_LoneSurrogate_IsTheReplacementCharacter()
    {
        int[] tokens = TestVocabulary.Create(("tokenizer.ggml.add_space_prefix", false)).Encode("a\uD83D", addBos: false);

        Assert.Equal([Space + 1, 3 + 0xEF, 3 + 0xBF, 3 + 0xBD], tokens);
    }

    [Fact]
    public void Encode_SpecialTokenInText_IsTextUnlessAskedFor()
    {
        SentencePieceTokenizer tokenizer = TestVocabulary.Create();

        Assert.DoesNotContain(2, tokenizer.Encode("a</s>b<|end|>", addBos: false));
        Assert.Equal([Space + 3, 2, Space, Space + 2, Space + 7], tokenizer.Encode("a</s>b<|end|>", addBos: false, parseSpecial: true));
    }

    [Fact]
    public void EndTokens_Default_AreEosBosAndEndOfTurn()
    {
        Assert.Equal([1, 2, Space + 7], TestVocabulary.Create().EndTokens.Order());
        Assert.Contains(Space + 1, TestVocabulary.Create(("tokenizer.ggml.eot_token_id", (uint)Space + 1)).EndTokens);
    }

    [Fact]
    public void Create_NoBos_NeverAddsIt()
    {
        SentencePieceTokenizer tokenizer = TestVocabulary.Create(("tokenizer.ggml.bos_token_id", uint.MaxValue));

        Assert.Equal(-1, tokenizer.BosToken);
        Assert.False(tokenizer.AddBos);
        Assert.Equal([Space + 3], tokenizer.Encode("a", addBos: true));
        Assert.DoesNotContain(-1, tokenizer.EndTokens);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(TestVocabulary.FirstWord + 8)]
    public void TokenBytes_OutsideTheVocabulary_Throws(int token)
    {
        SentencePieceTokenizer tokenizer = TestVocabulary.Create();

        Assert.Throws<ArgumentOutOfRangeException>(() => tokenizer.TokenBytes(token).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => tokenizer.TokenText(token));
    }

    [Fact]
    public void Create_MalformedMetadata_NamesTheKey()
    {
        AssertRefused("tokenizer.ggml.model", "");
        AssertRefused("tokenizer.ggml.tokens", "");
        AssertRefused("tokenizer.ggml.scores", "");
        AssertRefused("tokenizer.ggml.tokens", Array.Empty<string>());
        AssertRefused("tokenizer.ggml.tokens", new int[4]);
        AssertRefused("tokenizer.ggml.scores", new float[4]);
        AssertRefused("tokenizer.ggml.scores", Enumerable.Repeat(float.NaN, Space + 8).ToArray());
        AssertRefused("tokenizer.ggml.token_type", new int[4]);
        AssertRefused("tokenizer.ggml.token_type", Enumerable.Repeat(9, Space + 8).ToArray());
        AssertRefused("tokenizer.ggml.bos_token_id", 100_000u);
        AssertRefused("tokenizer.ggml.eos_token_id", -5);
        AssertRefused("tokenizer.ggml.add_bos_token", "yes");
        AssertRefused("tokenizer.ggml.tokens", Enumerable.Repeat("x", Space + 8).ToArray());
    }

    [Theory]
    [InlineData("t5")]
    [InlineData("bert")]
    [InlineData("something")]
    public void Create_OtherTokenizer_SaysNotSupportedYet(string model)
    {
        string message = Assert.Throws<GgufFormatException>(() => TokenizerFactory.Create(TestVocabulary.Metadata(("tokenizer.ggml.model", model)))).Message;

        Assert.Contains($"'{model}'", message, StringComparison.Ordinal);
        Assert.Contains("not supported yet", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Encode_TenMegabytes_IsNotQuadratic()
    {
        using GgufFile file = GgufFile.Open(TestPaths.BundledModel);
        ITokenizer tokenizer = TokenizerFactory.Create(file.Metadata);
        string words = string.Concat(Enumerable.Repeat("Once upon a time there was a very long story. ", 10_000_000 / 46));
        string oneWord = new('e', 1_000_000);

        Stopwatch watch = Stopwatch.StartNew();
        int wordTokens = tokenizer.Encode(words, addBos: true).Length;
        int runTokens = tokenizer.Encode(oneWord, addBos: true).Length;

        Assert.True(wordTokens > 1_000_000 && runTokens > 100_000);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(60), $"took {watch.Elapsed}");
    }

    private static void AssertRefused(string key, object value) =>
        Assert.Contains(
            $"'{key}'",
            Assert.Throws<GgufFormatException>(() => TokenizerFactory.Create(TestVocabulary.Metadata((key, value)))).Message,
            StringComparison.Ordinal);
}
