using System.Text;
using Halo.Inference.Gguf;

namespace Halo.Inference.Tokenization;

/// <summary>Tokens, scores and kinds of a SentencePiece vocabulary, checked, with the look-ups that encoding needs.</summary>
internal sealed class SentencePieceVocabulary
{
    internal const char Space = '\u2581'; // how SentencePiece writes a space
    private const string ScoresKey = "tokenizer.ggml.scores";

    private readonly byte[][] _bytes;
    private readonly int[] _byteTokens = new int[256]; // token of a raw byte, or -1
    private readonly Dictionary<string, int> _mergeable;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _lookup;
    private readonly HashSet<int> _beforeInnerSpace = []; // code points c for which some token contains c, Space

    internal SentencePieceVocabulary(GgufMetadata metadata)
    {
        Table = new TokenTable(metadata, bos: 1, eos: 2, unknown: 0);
        int count = Table.Texts.Length;
        Scores = metadata.RequireFloatArray(ScoresKey);
        TokenTable.Check(Scores.Length == count, ScoresKey, $"has {Scores.Length:N0} elements for {count:N0} tokens");
        TokenTable.Check(!Scores.Any(float.IsNaN), ScoresKey, "has a score that is not a number");

        _bytes = new byte[count][];
        _byteTokens.AsSpan().Fill(-1);
        _mergeable = new Dictionary<string, int>(count, StringComparer.Ordinal);
        _lookup = _mergeable.GetAlternateLookup<ReadOnlySpan<char>>();
        for (int token = 0; token < count; token++)
        {
            Index(token);
        }
    }

    internal TokenTable Table { get; }

    internal float[] Scores { get; }

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

    private void Index(int token)
    {
        string text = Table.Texts[token];
        _bytes[token] = [];
        switch (Table.Kinds[token])
        {
            case TokenKind.Byte:
                byte value = Table.ParseByte(token);
                _bytes[token] = [value];
                _byteTokens[value] = token;
                break;
            case TokenKind.Control or TokenKind.Unknown:
                break;
            case TokenKind.UserDefined:
                _bytes[token] = Encoding.UTF8.GetBytes(text);
                break;
            default:
                _bytes[token] = Encoding.UTF8.GetBytes(text.Replace(Space, ' '));
                _mergeable[text] = token;
                MaxMergeableChars = Math.Max(MaxMergeableChars, text.Length);
                NoteInnerSpaces(text);
                break;
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
}
