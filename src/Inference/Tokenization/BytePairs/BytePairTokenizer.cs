using Halo.Inference.Gguf;
using Halo.Inference.Tokenization.Splitting;

namespace Halo.Inference.Tokenization.BytePairs;

/// <summary>
/// Byte-level BPE as GPT-2, Llama 3, Qwen and SmolLM use it: the text is cut into words as <c>tokenizer.ggml.pre</c> says, and in each word's bytes
/// neighbours are joined in the order of the merges.
/// </summary>
public sealed class BytePairTokenizer : ITokenizer
{
    internal const string PreKey = "tokenizer.ggml.pre";

    private readonly BytePairVocabulary _vocabulary;
    private readonly TokenTable _table;
    private readonly PreTokenizer _words;

    /// <summary>Reads the <c>tokenizer.ggml.*</c> keys of a model file.</summary>
    /// <exception cref="GgufFormatException">A key is missing or malformed, or names a way to cut words that is not known; the message names it.</exception>
    public BytePairTokenizer(GgufMetadata metadata)
    {
        ArgumentNullException.ThrowIfNull(metadata);
        _words = PreTokenizers.Find(metadata.GetString(PreKey, PreTokenizers.Default))
            ?? throw new GgufFormatException(
                $"Metadata key '{PreKey}' is '{metadata.RequireString(PreKey)}', a way to cut texts into words that is not supported; "
                + $"known are {string.Join(", ", PreTokenizers.Names)}.");
        _vocabulary = new BytePairVocabulary(metadata);
        _table = _vocabulary.Table;
        AddBos = metadata.GetBoolean("tokenizer.ggml.add_bos_token", _words.AddBos) && BosToken >= 0;
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
    public bool AddSpacePrefix => false;

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
        List<int> tokens = new((text.Length / 3) + 2);
        if (addBos && BosToken >= 0)
        {
            tokens.Add(BosToken);
        }

        BytePairMerger merger = new(_vocabulary, _words.IgnoresMerges, tokens);
        foreach ((Range range, int special) in pieces)
        {
            if (special >= 0)
            {
                tokens.Add(special);
                continue;
            }

            ReadOnlySpan<char> piece = text.AsSpan(range);
            int start = 0;
            foreach (int end in _words.Split(piece))
            {
                merger.Append(piece[start..end]);
                start = end;
            }
        }

        return [.. tokens];
    }
}
