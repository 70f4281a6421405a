using System.Text.Json;
using Halo.Inference.Gguf;
using Halo.Inference.Tokenization;

namespace Halo.Inference.Tests.Tokenization;

/// <summary>Against what llama.cpp recorded: its own vectors and the greedy references of the story models.</summary>
public sealed class TokenizerConformanceTests
{
    private const string Vocabularies = "models/tokenizers/llama.cpp-vocab/";

    [SharedTheory(
        Vocabularies + "ggml-vocab-llama-spm.gguf", Vocabularies + "ggml-vocab-llama-spm.gguf.inp", Vocabularies + "ggml-vocab-phi-3.gguf.gz",
        Vocabularies + "ggml-vocab-gpt-2.gguf.gz", Vocabularies + "ggml-vocab-starcoder.gguf.gz")]
    [InlineData("ggml-vocab-llama-spm.gguf", "")]
    [InlineData("ggml-vocab-phi-3.gguf", ".gz")]
    [InlineData("ggml-vocab-gpt-2.gguf", ".gz")]
    [InlineData("ggml-vocab-starcoder.gguf", ".gz")]
    public void Encode_LlamaCppVectors_AllAgree(string name, string packed)
    {
        string path = TestPaths.Shared(Vocabularies + name);
        using SharedVocabulary vocabulary = new(path + packed);
        AssertVectors(TokenizerFactory.Create(vocabulary.Metadata), path);
    }

    [GivenVocabularyFact("HALO_VOCAB_LLAMA_BPE", Vocabularies + "ggml-vocab-llama-bpe.gguf.inp")]
    public void Encode_GivenLlama3Vocabulary_AgreesWithLlamaCpp() => AssertGiven("HALO_VOCAB_LLAMA_BPE", "ggml-vocab-llama-bpe.gguf");

    [GivenVocabularyFact("HALO_VOCAB_QWEN2", Vocabularies + "ggml-vocab-qwen2.gguf.inp")]
    public void Encode_GivenQwen2Vocabulary_AgreesWithLlamaCpp() => AssertGiven("HALO_VOCAB_QWEN2", "ggml-vocab-qwen2.gguf");

    [SharedTheory(
        "models/stories260K/reference-greedy.json", "models/babyllama105/reference-greedy.json", "models/halo-tales/reference-greedy.json")]
    [InlineData("stories260K")]
    [InlineData("babyllama105")]
    [InlineData("halo-tales")]
    public void References_StoryModel_PromptIdsAndTextAgree(string model)
    {
        string folder = TestPaths.Shared($"models/{model}");
        using GgufFile gguf = GgufFile.Open(Path.Combine(folder, $"{model}-F32.gguf"));
        ITokenizer tokenizer = TokenizerFactory.Create(gguf.Metadata);
        using JsonDocument reference = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "reference-greedy.json")));
        foreach (JsonElement run in reference.RootElement.GetProperty("runs").EnumerateArray())
        {
            string prompt = run.GetProperty("prompt").GetString()!;
            int[] promptIds = tokenizer.Encode(prompt, tokenizer.AddBos);
            if (run.TryGetProperty("prompt_ids", out JsonElement expected))
            {
                Assert.Equal(Ids(expected), promptIds);
            }

            StreamingDetokenizer detokenizer = new(tokenizer);
            string text = string.Concat(Ids(run.GetProperty("ids")).Select(detokenizer.Append)) + detokenizer.Flush();
            Assert.Equal(run.GetProperty("text").GetString(), text);
            Assert.Equal(prompt, tokenizer.Decode(promptIds));
        }

        Assert.Contains(tokenizer.BosToken, tokenizer.EndTokens);
    }

    [SharedFact("models/babyllama105/babyllama105-F32.gguf")]
    public void Encode_NewlineOutsideTheVocabulary_IsUnknown()
    {
        using GgufFile gguf = GgufFile.Open(TestPaths.Shared("models/babyllama105/babyllama105-F32.gguf"));
        ITokenizer tokenizer = TokenizerFactory.Create(gguf.Metadata);

        int[] tokens = tokenizer.Encode("a\nb🦙", addBos: false);

        Assert.Equal(2, tokens.Count(token => token == 0));
        Assert.Equal("ab", tokenizer.Decode(tokens));
    }

    [SharedFact(Vocabularies + "ggml-vocab-llama-spm.gguf", "text/wiki.test.raw")]
    public void Encode_LongText_DecodesBackAndAgreesWithThePlainAlgorithm()
    {
        using GgufFile gguf = GgufFile.Open(TestPaths.Shared(Vocabularies + "ggml-vocab-llama-spm.gguf"));
        SentencePieceVocabulary vocabulary = new(gguf.Metadata);
        ITokenizer tokenizer = TokenizerFactory.Create(gguf.Metadata);
        string text = File.ReadAllText(TestPaths.Shared("text/wiki.test.raw"))[..200_000];

        Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text, addBos: true)));
        for (int at = 0; at + 300 <= text.Length; at += 4_000)
        {
            string slice = text.Substring(at, 300).Replace("\n", "  ", StringComparison.Ordinal);
            List<string> pieces = [.. ("▁" + slice.Replace(' ', '▁')).EnumerateRunes().Select(rune => rune.ToString())];
            while (BestJoin(pieces, vocabulary) is var left and >= 0)
            {
                pieces[left] += pieces[left + 1];
                pieces.RemoveAt(left + 1);
            }

            Assert.Equal(pieces, tokenizer.Encode(slice, addBos: false).Select(tokenizer.TokenText).Where(token => token[0] != '<' || token.Length != 6));
        }
    }

    // The whole text at once, no queue, no splitting.
    private static int BestJoin(List<string> pieces, SentencePieceVocabulary vocabulary)
    {
        (int Left, float Score) best = (-1, float.NegativeInfinity);
        for (int i = 0; i + 1 < pieces.Count; i++)
        {
            if (vocabulary.TryFind(pieces[i] + pieces[i + 1], out int token) && vocabulary.Scores[token] > best.Score)
            {
                best = (i, vocabulary.Scores[token]);
            }
        }

        return best.Left;
    }

    private static IEnumerable<int> Ids(JsonElement array) => array.EnumerateArray().Select(id => id.GetInt32());

    private static void AssertGiven(string variable, string name)
    {
        using GgufFile gguf = GgufFile.Open(Environment.GetEnvironmentVariable(variable)!);
        AssertVectors(TokenizerFactory.Create(gguf.Metadata), TestPaths.Shared(Vocabularies + name));
    }

    private static void AssertVectors(ITokenizer tokenizer, string path)
    {
        (string Text, int[] Tokens)[] vectors = TokenizerVectors.Read(path);
        Assert.Equal(46, vectors.Length);
        foreach ((string text, int[] expected) in vectors)
        {
            int[] tokens = tokenizer.Encode(text, addBos: false);
            Assert.Equal(expected, tokens);
            Assert.Equal(text, tokenizer.Decode(tokens));
        }
    }
}
