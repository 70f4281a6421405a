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
    private readonly TokenTable _table;

    /// <summary>Reads the <c>tokenizer.ggml.*</c> keys of a model file.</summary>
    /// <exception cref="GgufFormatException">A key is missing or malformed; the message names it.</exception>
    public SentencePieceTokenizer(GgufMetadata metadata)
    {
        ArgumentNullException.ThrowIfNull(metadata);
        _vocabulary = new SentencePieceVocabulary(metadata);
        _table = _vocabulary.Table;
        AddBos = metadata.GetBoolean("tokenizer.ggml.add_bos_token", fallback: true) && BosToken >= 0;
        AddSpacePrefix = metadata.GetBoolean("tokenizer.ggml.add_space_prefix", fallback: true);
    }

    /// <inheritdoc/>
    public int VocabularySize => _table.Texts.Length;

    /// <inheritdoc/>
    public int BosToken => _table.Bos;

    /// <inheritdoc/>
    public int EosToken => _table.Eos;

    /// <inheritdoc/>
    public bool AddBos { get; }

    /// <inheritdoc/>
    public bool AddEos => _table.AddEos;

    /// <inheritdoc/>
    public bool AddSpacePrefix { get; }

    /// <inheritdoc/>
    public IReadOnlySet<int> EndTokens => _table.EndTokens;

    /// <inheritdoc/>
    public int[] Encode(string text, bool addBos, bool parseSpecial = false)
    {
        ArgumentNullException.ThrowIfNull(text);
        return Encode(text, _table.Specials.Split(text, parseSpecial), addBos);
    }

    /// <inheritdoc/>
    public int[] Encode(IReadOnlyList<TextSegment> segments, bool addBos)
    {
        ArgumentNullException.ThrowIfNull(segments);
        string text = string.Concat(segments.Select(segment => segment.Text));
        return Encode(text, _table.Specials.Split(text, segments), addBos);
    }

    /// <inheritdoc/>
    public ReadOnlySpan<byte> TokenBytes(int token)
    {
        _table.CheckToken(token);
        return _vocabulary.Bytes(token);
    }

    /// <inheritdoc/>
    public string TokenText(int token)
    {
        _table.CheckToken(token);
        return _table.Texts[token];
    }

    /// <inheritdoc/>
    public string Decode(ReadOnlySpan<int> tokens) => StreamingDetokenizer.DecodeAll(this, tokens);

    private int[] Encode(string text, List<(Range Range, int Special)> pieces, bool addBos)
    {
        List<int> tokens = new((text.Length / 2) + 2);
        if (addBos && BosToken >= 0)
        {
            tokens.Add(BosToken);
        }

        SentencePieceMerger merger = new(_vocabulary, tokens);
        bool afterSpecial = true; // the beginning counts as one: the first words get the space prefix
        foreach ((Range range, int special) in pieces)
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
}
