using Halo.Inference.Gguf;
using Halo.Inference.Tests.Gguf;
using Halo.Inference.Tokenization;

namespace Halo.Inference.Tests.Tokenization;

/// <summary>A vocabulary of a few words with byte fallback: unk 0, bos 1, eos 2, bytes 3 to 258, then the words.</summary>
internal static class TestVocabulary
{
    internal const int FirstWord = 259;
    private static readonly string[] s_words = ["▁", "a", "b", "▁a", "ab", "▁ab", "é", "<|end|>"];

    internal static SentencePieceTokenizer Create(params (string Key, object Value)[] changes) => new(Metadata(changes));

    internal static GgufMetadata Metadata(params (string Key, object Value)[] changes)
    {
        string[] tokens = ["<unk>", "<s>", "</s>", .. Enumerable.Range(0, 256).Select(i => $"<0x{i:X2}>"), .. s_words];
        int[] kinds = [2, 3, 3, .. Enumerable.Repeat(6, 256), .. Enumerable.Repeat(1, s_words.Length - 1), 3];
        float[] scores = [.. tokens.Select((_, i) => i < FirstWord ? 0f : FirstWord - i)];
        Dictionary<string, object> entries = new()
        {
            ["tokenizer.ggml.model"] = "llama",
            ["tokenizer.ggml.tokens"] = tokens,
            ["tokenizer.ggml.scores"] = scores,
            ["tokenizer.ggml.token_type"] = kinds,
            ["tokenizer.ggml.bos_token_id"] = 1u,
            ["tokenizer.ggml.eos_token_id"] = 2u,
        };
        foreach ((string key, object value) in changes)
        {
            entries[key] = value;
            if (value is "")
            {
                entries.Remove(key);
            }
        }

        return TestMetadata.Of([.. entries.Select(pair => (pair.Key, pair.Value))]);
    }
}
