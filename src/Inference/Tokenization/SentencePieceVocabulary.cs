using System.Globalization;
using System.Text;
using Halo.Inference.Gguf;

namespace Halo.Inference.Tokenization;

/// <summary>Tokens, scores and kinds of a SentencePiece vocabulary, checked, with the look-ups that encoding needs.</summary>
internal sealed class SentencePieceVocabulary
{
    internal const char Space = '\u2581'; // how SentencePiece writes a space
    private const string TokensKey = "tokenizer.ggml.tokens";
    private const string ScoresKey = "tokenizer.ggml.scores";
    private const string KindsKey = "tokenizer.ggml.token_type";

    // End-of-turn tokens that files often do not declare; a model that emits one is done.
    private static readonly HashSet<string> s_endTexts = new(StringComparer.Ordinal)
    {
        "<|endoftext|>", "<|end|>", "<|eot_id|>", "<|eom_id|>", "<|im_end|>", "<end_of_turn>", "<EOT>", "_<EOT>", "<|end_of_text|>",
    };

    private readonly byte[][] _bytes;
    private readonly int[] _byteTokens = new int[256]; // token of a raw byte, or -1
    private readonly Dictionary<string, int> _mergeable;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _lookup;
    private readonly HashSet<int> _beforeInnerSpace = []; // code points c for which some token contains c, Space

    internal SentencePieceVocabulary(GgufMetadata metadata)
    {
        Texts = metadata.RequireStringArray(TokensKey);
        Scores = metadata.RequireFloatArray(ScoresKey);
        int[] kinds = metadata.Contains(KindsKey) ? metadata.RequireInt32Array(KindsKey) : [.. Texts.Select(_ => (int)TokenKind.Normal)];
        Check(Texts.Length > 0, TokensKey, "is empty");
        Check(Scores.Length == Texts.Length, ScoresKey, $"has {Scores.Length:N0} elements for {Texts.Length:N0} tokens");
        Check(kinds.Length == Texts.Length, KindsKey, $"has {kinds.Length:N0} elements for {Texts.Length:N0} tokens");
        Check(!Scores.Any(float.IsNaN), ScoresKey, "has a score that is not a number");
        Kinds = Array.ConvertAll(kinds, kind => (TokenKind)kind);
        Bos = TokenId(metadata, "tokenizer.ggml.bos_token_id", fallback: 1);
        Eos = TokenId(metadata, "tokenizer.ggml.eos_token_id", fallback: 2);
        Unknown = TokenId(metadata, "tokenizer.ggml.unknown_token_id", fallback: 0);
        EndTokens = FindEndTokens(metadata);

        _bytes = new byte[Texts.Length][];
        _byteTokens.AsSpan().Fill(-1);
        _mergeable = new Dictionary<string, int>(Texts.Length, StringComparer.Ordinal);
        _lookup = _mergeable.GetAlternateLookup<ReadOnlySpan<char>>();
        List<(string Text, int Token)> specials = [];
        for (int token = 0; token < Texts.Length; token++)
        {
            Index(token, specials);
        }

        // Longest first, so that of two specials at one place the longer is found.
        Specials = [.. specials.OrderByDescending(special => special.Text.Length)];
    }

    internal string[] Texts { get; }

    internal float[] Scores { get; }

    internal TokenKind[] Kinds { get; }

    internal int Bos { get; }

    internal int Eos { get; }

    internal int Unknown { get; }

    internal IReadOnlySet<int> EndTokens { get; }

    // Control, unknown and user-defined tokens, which are found as whole strings and never by merging.
    internal IReadOnlyList<(string Text, int Token)> Specials { get; }

    internal int MaxMergeableChars { get; private set; }

    internal ReadOnlySpan<byte> Bytes(int token) => _bytes[token];

    internal int ByteToken(byte value) => _byteTokens[value];

    internal bool TryFind(ReadOnlySpan<char> text, out int token)
    {
        token = -1;
        return text.Length <= MaxMergeableChars && _lookup.TryGetValue(text, out token);
    }

    /// <summary>Whether no token has <paramref name="before"/> and a space in it, so that no merge can cross between the two.</summary>
    internal bool SplitsBeforeSpace(Rune before) => !_beforeInnerSpace.Contains(before.Value);

    private void Index(int token, List<(string Text, int Token)> specials)
    {
        string text = Texts[token];
        _bytes[token] = [];
        switch (Kinds[token])
        {
            case TokenKind.Byte:
                byte value = ParseByte(token);
                _bytes[token] = [value];
                _byteTokens[value] = token;
                break;
            case TokenKind.Control or TokenKind.Unknown:
                AddSpecial(text, token, specials);
                break;
            case TokenKind.UserDefined:
                _bytes[token] = Encoding.UTF8.GetBytes(text);
                AddSpecial(text, token, specials);
                break;
            default:
                _bytes[token] = Encoding.UTF8.GetBytes(text.Replace(Space, ' '));
                _mergeable[text] = token;
                MaxMergeableChars = Math.Max(MaxMergeableChars, text.Length);
                NoteInnerSpaces(text);
                break;
        }
    }

    private static void AddSpecial(string text, int token, List<(string Text, int Token)> specials)
    {
        if (text.Length > 0)
        {
            specials.Add((text, token));
        }
    }

    private void NoteInnerSpaces(string text)
    {
        Rune previous = default;
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (rune.Value == Space && previous != default)
            {
                _beforeInnerSpace.Add(previous.Value);
            }

            previous = rune;
        }
    }

    // "<0x0A>"
    private byte ParseByte(int token)
    {
        string text = Texts[token];
        Check(
            text.Length == 6 && text.StartsWith("<0x", StringComparison.Ordinal) && text[5] == '>'
            && byte.TryParse(text.AsSpan(3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out _),
            TokensKey,
            $"has byte token {token} with text \"{text}\" instead of the form <0x0A>");
        return byte.Parse(text.AsSpan(3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
    }

    // 2^32 - 1 is how some converters write "none".
    private int TokenId(GgufMetadata metadata, string key, int fallback)
    {
        if (!metadata.Contains(key))
        {
            return fallback < Texts.Length ? fallback : -1;
        }

        if (metadata.TryGetInt32(key, out int signed) && signed == -1)
        {
            return -1;
        }

        uint id = metadata.RequireUInt32(key);
        Check(id == uint.MaxValue || id < Texts.Length, key, $"is {id:N0} but there are {Texts.Length:N0} tokens");
        return id == uint.MaxValue ? -1 : (int)id;
    }

    private HashSet<int> FindEndTokens(GgufMetadata metadata)
    {
        HashSet<int> ends = [Bos, Eos];
        foreach (string key in (string[])["tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id"])
        {
            ends.Add(TokenId(metadata, key, fallback: int.MaxValue));
        }

        for (int token = 0; token < Texts.Length; token++)
        {
            if (Kinds[token] is TokenKind.Control or TokenKind.UserDefined && s_endTexts.Contains(Texts[token]))
            {
                ends.Add(token);
            }
        }

        ends.Remove(-1);
        return ends;
    }

    private static void Check(bool holds, string key, string fault)
    {
        if (!holds)
        {
            throw new GgufFormatException($"Metadata key '{key}' {fault}; convert the model again.");
        }
    }
}
