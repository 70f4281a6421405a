using System.Text;
using Halo.Inference.Gguf;

namespace Halo.Inference.Tokenization.BytePairs;

/// <summary>Tokens and merges of a byte-level BPE vocabulary, checked, with the look-ups that encoding needs.</summary>
internal sealed class BytePairVocabulary
{
    internal const string MergesKey = "tokenizer.ggml.merges";
    private const string ScoresKey = "tokenizer.ggml.scores";

    private readonly byte[][] _bytes;
    private readonly int[] _byteTokens = new int[256]; // token of a raw byte, or -1
    private readonly Dictionary<string, int> _words; // ordinary tokens by their text in the byte alphabet
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _lookup;
    private readonly HashSet<string> _others = new(StringComparer.Ordinal); // tokens that merges may name and never make
    private readonly Dictionary<long, (int Rank, int Token)> _merges;

    internal BytePairVocabulary(GgufMetadata metadata)
    {
        Table = new TokenTable(metadata, bos: -1, eos: -1, unknown: -1);
        int count = Table.Texts.Length;
        if (metadata.Contains(ScoresKey))
        {
            int scores = metadata.RequireFloatArray(ScoresKey).Length;
            TokenTable.Check(scores == count, ScoresKey, $"has {scores:N0} elements for {count:N0} tokens");
        }

        _bytes = new byte[count][];
        _byteTokens.AsSpan().Fill(-1);
        _words = new Dictionary<string, int>(count, StringComparer.Ordinal);
        _lookup = _words.GetAlternateLookup<ReadOnlySpan<char>>();
        for (int token = 0; token < count; token++)
        {
            Index(token);
        }

        string[] merges = metadata.RequireStringArray(MergesKey);
        _merges = new Dictionary<long, (int Rank, int Token)>(merges.Length);
        HashSet<string>.AlternateLookup<ReadOnlySpan<char>> others = _others.GetAlternateLookup<ReadOnlySpan<char>>();
        for (int rank = 0; rank < merges.Length; rank++)
        {
            AddMerge(merges[rank], rank, others);
        }
    }

    internal TokenTable Table { get; }

    /// <summary>Length in bytes of the longest ordinary token.</summary>
    internal int LongestWord { get; private set; }

    internal ReadOnlySpan<byte> Bytes(int token) => _bytes[token];

    /// <summary>The token of a raw byte. Without one it is the unknown token, as long as that means no more than unknown; else -1.</summary>
    internal int ByteToken(byte value)
    {
        int token = _byteTokens[value];
        return token < 0 && Table.Unknown >= 0 && Table.Kinds[Table.Unknown] == TokenKind.Unknown ? Table.Unknown : token;
    }

    /// <summary>The token for a whole word, written in the byte alphabet.</summary>
    internal bool TryFind(ReadOnlySpan<char> word, out int token) => _lookup.TryGetValue(word, out token);

    /// <summary>Whether two neighbours join: how early (0 is the earliest) and to what.</summary>
    internal bool TryMerge(int left, int right, out (int Rank, int Token) merge) => _merges.TryGetValue(Pair(left, right), out merge);

    private static long Pair(int left, int right) => ((long)left << 32) | (uint)right;

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
            case TokenKind.UserDefined:
                _bytes[token] = Encoding.UTF8.GetBytes(text);
                _others.Add(text);
                _others.Add(ByteAlphabet.Write(_bytes[token]));
                break;
            case TokenKind.Control or TokenKind.Unknown:
                _others.Add(text);
                break;
            default:
                IndexWord(token, text);
                break;
        }
    }

    private void IndexWord(int token, string text)
    {
        if (ByteAlphabet.Read(text) is not { } bytes)
        {
            _bytes[token] = Encoding.UTF8.GetBytes(text); // an added word that a converter wrote plainly
            _others.Add(text);
            return;
        }

        _bytes[token] = bytes;
        if (bytes.Length > 0)
        {
            _words.Add(text, token);
            LongestWord = Math.Max(LongestWord, bytes.Length);
        }

        if (bytes.Length == 1)
        {
            _byteTokens[bytes[0]] = token;
        }
    }

    // "Ġ t"
    private void AddMerge(string merge, int rank, HashSet<string>.AlternateLookup<ReadOnlySpan<char>> others)
    {
        int space = merge.IndexOf(' ', StringComparison.Ordinal);
        TokenTable.Check(
            space > 0 && space < merge.Length - 1 && !merge.AsSpan(space + 1).Contains(' '),
            MergesKey,
            $"has merge {rank}, \"{Shown(merge)}\", which is not two tokens with a space between");
        int left = Find(merge.AsSpan(0, space), merge, rank, others);
        int right = Find(merge.AsSpan(space + 1), merge, rank, others);
        int joined = Find(string.Concat(merge.AsSpan(0, space), merge.AsSpan(space + 1)), merge, rank, others);
        if (left >= 0 && right >= 0 && joined >= 0)
        {
            _merges.TryAdd(Pair(left, right), (rank, joined));
        }
    }

    // Special tokens are found as whole strings alone: a merge that has one in it (-1) is never made, or words could make what they must not write.
    private int Find(ReadOnlySpan<char> name, string merge, int rank, HashSet<string>.AlternateLookup<ReadOnlySpan<char>> others)
    {
        if (_lookup.TryGetValue(name, out int token))
        {
            return token;
        }

        TokenTable.Check(others.Contains(name), MergesKey, $"has merge {rank}, \"{Shown(merge)}\", and \"{Shown(name)}\" is no token");
        return -1;
    }

    private static string Shown(ReadOnlySpan<char> text) => text.Length <= 80 ? text.ToString() : $"{text[..80]}…";
}
