using System.Globalization;
using Halo.Inference.Gguf;
using Halo.Inference.Tokenization;

namespace Halo.Inference.RandomModels;

/// <summary>
/// The tokens of a model, cut or filled up to another number. Fillings are ordinary words ("w5000") that no merge leads to, so texts are
/// encoded as in the source; a random model emits them like any other token.
/// </summary>
internal sealed class FilledVocabulary
{
    private const string TokensKey = "tokenizer.ggml.tokens";
    private const string ScoresKey = "tokenizer.ggml.scores";
    private const string KindsKey = "tokenizer.ggml.token_type";

    private readonly GgufMetadata _source;
    private readonly string[] _texts;
    private readonly float[] _scores;
    private readonly int[] _kinds;

    /// <param name="source">Metadata of a model with a SentencePiece vocabulary.</param>
    /// <param name="size">Tokens wanted.</param>
    /// <exception cref="ArgumentException">The size is smaller than the tokens that cannot be left out.</exception>
    /// <exception cref="GgufFormatException">The source has no such vocabulary.</exception>
    internal FilledVocabulary(GgufMetadata source, int size)
    {
        TokenizerFactory.Create(source);
        _source = source;
        string[] texts = source.RequireStringArray(TokensKey);
        float[] scores = source.RequireFloatArray(ScoresKey);
        int[] kinds = source.Contains(KindsKey) ? source.RequireInt32Array(KindsKey) : [.. texts.Select(_ => (int)TokenKind.Normal)];
        int needed = Needed(source, kinds);
        if (size < needed)
        {
            throw new ArgumentException($"The vocabulary size is {size}; it must be at least {needed}, as the first {needed} tokens hold bytes and special ones.");
        }

        int kept = Math.Min(size, texts.Length);
        _texts = [.. texts.AsSpan(0, kept), .. Fillings(texts, size - kept)];
        _scores = [.. scores.AsSpan(0, kept), .. Enumerable.Repeat(scores.Min() - 1, size - kept)];
        _kinds = [.. kinds.AsSpan(0, kept), .. Enumerable.Repeat((int)TokenKind.Normal, size - kept)];
    }

    internal void WriteTo(GgufWriter writer)
    {
        writer.CopyMetadata(_source, key => key.StartsWith("tokenizer.", StringComparison.Ordinal));
        writer.Set(TokensKey, _texts);
        writer.Set(ScoresKey, _scores);
        writer.Set(KindsKey, _kinds);
        writer.Set("llama.vocab_size", (uint)_texts.Length);
    }

    // All that are not ordinary, and all that a key names.
    private static int Needed(GgufMetadata source, int[] kinds)
    {
        int last = Array.FindLastIndex(kinds, kind => kind is not ((int)TokenKind.Normal or (int)TokenKind.Unused or (int)TokenKind.Undefined));
        foreach (string key in source.Select(pair => pair.Key).Where(key => key.StartsWith("tokenizer.", StringComparison.Ordinal) && key.EndsWith("_token_id", StringComparison.Ordinal)))
        {
            if (source.TryGetUInt32(key, out uint id) && id < kinds.Length)
            {
                last = Math.Max(last, (int)id);
            }
        }

        return last + 1;
    }

    private static IEnumerable<string> Fillings(string[] texts, int count)
    {
        HashSet<string> taken = new(texts, StringComparer.Ordinal);
        for (int token = texts.Length; count > 0; token++)
        {
            string text = string.Create(CultureInfo.InvariantCulture, $"{SentencePieceVocabulary.Space}w{token}");
            if (taken.Add(text))
            {
                count--;
                yield return text;
            }
        }
    }
}
