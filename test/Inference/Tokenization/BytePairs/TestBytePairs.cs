using Halo.Inference.Gguf;
using Halo.Inference.Tests.Gguf;
using Halo.Inference.Tokenization.BytePairs;

namespace Halo.Inference.Tests.Tokenization.BytePairs;

/// <summary>A byte-level vocabulary: bytes 0 to 255, then the words that a few merges make, then special tokens.</summary>
internal static class TestBytePairs
{
    internal const int FirstWord = 256;

    internal static readonly string[] Merges = ["a a", "aa aa", "Ġ a", "b c", "a b", "ab c", "1 2", "Ã ©", "ð Ł"];

    /// <summary>The first special token; they are the end of a text, the mark that begins a turn, the one that ends it, and a user-defined word.</summary>
    internal static int Text => FirstWord + Merges.Length;

    internal static int Start => Text + 1;

    internal static int End => Text + 2;

    internal static int Think => Text + 3;

    internal static BytePairTokenizer Create(params (string Key, object Value)[] changes) => new(Metadata(changes));

    internal static GgufMetadata Metadata(params (string Key, object Value)[] changes)
    {
        Dictionary<string, object> entries = Entries();
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

    internal static Dictionary<string, object> Entries()
    {
        string[] words = [.. Merges.Select(merge => merge.Replace(" ", "", StringComparison.Ordinal))];
        string[] bytes = [.. Enumerable.Range(0, 256).Select(value => ByteAlphabet.Letter((byte)value).ToString())];
        string[] tokens = [.. bytes, .. words, "<|text|>", "<|start|>", "<|im_end|>", "<think>"];
        return new Dictionary<string, object>
        {
            ["tokenizer.ggml.model"] = "gpt2",
            ["tokenizer.ggml.pre"] = "gpt-2",
            ["tokenizer.ggml.tokens"] = tokens,
            ["tokenizer.ggml.token_type"] = (int[])[.. Enumerable.Repeat(1, FirstWord + words.Length), 3, 3, 3, 4],
            ["tokenizer.ggml.merges"] = Merges.ToArray(),
            ["tokenizer.ggml.bos_token_id"] = (uint)Text,
            ["tokenizer.ggml.eos_token_id"] = (uint)Text,
        };
    }
}
