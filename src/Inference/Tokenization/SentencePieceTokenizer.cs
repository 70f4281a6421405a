using System.Text;
using Halo.Inference.Gguf;

namespace Halo.Inference.Tokenization;

/// <summary>
/// SentencePiece BPE as LLaMA 2 uses it: spaces become U+2581, then the two neighbours whose join has the highest score are joined
/// (the leftmost of equals) until nothing joins; what the vocabulary lacks is written as bytes.
/// </summary>
public sealed class SentencePieceTokenizer : ITokenizer
{
    private readonly SentencePieceVocabulary _vocabulary;

    /// <summary>Reads the <c>tokenizer.ggml.*</c> keys of a model file.</summary>
    /// <exception cref="GgufFormatException">A key is missing or malformed; the message names it.</exception>
    public SentencePieceTokenizer(GgufMetadata metadata)
    {
        ArgumentNullException.ThrowIfNull(metadata);
        _vocabulary = new SentencePieceVocabulary(metadata);
        AddBos = metadata.GetBoolean("tokenizer.ggml.add_bos_token", fallback: true) && BosToken >= 0;
        AddSpacePrefix = metadata.GetBoolean("tokenizer.ggml.add_space_prefix", fallback: true);
    }

    /// <inheritdoc/>
    public int VocabularySize => _vocabulary.Texts.Length;

    /// <inheritdoc/>
    public int BosToken => _vocabulary.Bos;

    /// <inheritdoc/>
    public int EosToken => _vocabulary.Eos;

    /// <inheritdoc/>
    public bool AddBos { get; }

    /// <inheritdoc/>
    public bool AddSpacePrefix { get; }

    /// <inheritdoc/>
    public IReadOnlySet<int> EndTokens => _vocabulary.EndTokens;

    /// <inheritdoc/>
    public int[] Encode(string text, bool addBos, bool parseSpecial = false)
    {
        ArgumentNullException.ThrowIfNull(text);
        List<int> tokens = new((text.Length / 2) + 2);
        if (addBos && BosToken >= 0)
        {
            tokens.Add(BosToken);
        }

        SentencePieceMerger merger = new(_vocabulary, tokens);
        bool afterSpecial = true; // the beginning counts as one: the first words get the space prefix
        foreach ((Range range, int special) in SpecialTokenScanner.Split(text, _vocabulary, parseSpecial))
        {
            if (special >= 0)
            {
                tokens.Add(special);
                afterSpecial = true;
                continue;
            }

            merger.Append(Normalize(text.AsSpan(range), withPrefix: AddSpacePrefix && afterSpecial));
            afterSpecial = false;
        }

        return [.. tokens];
    }

    /// <inheritdoc/>
    public ReadOnlySpan<byte> TokenBytes(int token)
    {
        CheckToken(token);
        return _vocabulary.Bytes(token);
    }

    /// <inheritdoc/>
    public string TokenText(int token)
    {
        CheckToken(token);
        return _vocabulary.Texts[token];
    }

    /// <inheritdoc/>
    public string Decode(ReadOnlySpan<int> tokens)
    {
        StreamingDetokenizer detokenizer = new(this, atStart: true);
        StringBuilder text = new();
        foreach (int token in tokens)
        {
            text.Append(detokenizer.Append(token));
        }

        return text.Append(detokenizer.Flush()).ToString();
    }

    // Lone surrogates have no UTF-8 form; they become U+FFFD here as they would on the way to bytes.
    private static string Normalize(ReadOnlySpan<char> text, bool withPrefix)
    {
        StringBuilder normalized = new(text.Length + 1);
        if (withPrefix)
        {
            normalized.Append(SentencePieceVocabulary.Space);
        }

        Span<char> pair = stackalloc char[2];
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (rune.Value == ' ')
            {
                normalized.Append(SentencePieceVocabulary.Space);
            }
            else
            {
                normalized.Append(pair[..rune.EncodeToUtf16(pair)]);
            }
        }

        return normalized.ToString();
    }

    private void CheckToken(int token) =>
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)token, (uint)VocabularySize, nameof(token));
}
