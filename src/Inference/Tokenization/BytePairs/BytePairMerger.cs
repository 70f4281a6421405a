using System.Text;

namespace Halo.Inference.Tokenization.BytePairs;

/// <summary>
/// Joins the bytes of a word into tokens: of all neighbours that have a merge those of the earliest merge first, of several the leftmost. A queue of
/// candidates makes it O(n log n), however long the word.
/// </summary>
internal sealed class BytePairMerger(BytePairVocabulary vocabulary, bool ignoreMerges, List<int> tokens)
{
    private const int Joined = -2; // token of a symbol that has been joined to its left neighbour

    // Ordered by merge, then by place: rank in the upper half, index of the left symbol in the lower.
    private readonly PriorityQueue<(int Left, int LeftToken, int RightToken), ulong> _candidates = new();
    private Symbol[] _symbols = new Symbol[64];
    private byte[] _bytes = new byte[256];
    private char[] _letters = [];

    /// <summary>Appends the tokens of a word. A lone surrogate has no bytes; it is U+FFFD here.</summary>
    internal void Append(ReadOnlySpan<char> word)
    {
        int most = Encoding.UTF8.GetMaxByteCount(word.Length);
        if (_bytes.Length < most)
        {
            _bytes = new byte[most];
        }

        ReadOnlySpan<byte> bytes = _bytes.AsSpan(0, Encoding.UTF8.GetBytes(word, _bytes));
        if (ignoreMerges && TryWhole(bytes))
        {
            return;
        }

        CutIntoBytes(bytes);
        Join(bytes.Length);
        for (int i = bytes.IsEmpty ? -1 : 0; i >= 0; i = _symbols[i].Next)
        {
            if (_symbols[i].Token >= 0)
            {
                tokens.Add(_symbols[i].Token);
            }
        }
    }

    private bool TryWhole(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > vocabulary.LongestWord)
        {
            return false;
        }

        if (_letters.Length == 0)
        {
            _letters = new char[vocabulary.LongestWord];
        }

        for (int i = 0; i < bytes.Length; i++)
        {
            _letters[i] = ByteAlphabet.Letter(bytes[i]);
        }

        bool found = vocabulary.TryFind(_letters.AsSpan(0, bytes.Length), out int token);
        if (found)
        {
            tokens.Add(token);
        }

        return found;
    }

    private void CutIntoBytes(ReadOnlySpan<byte> bytes)
    {
        if (_symbols.Length < bytes.Length)
        {
            _symbols = new Symbol[bytes.Length];
        }

        for (int i = 0; i < bytes.Length; i++)
        {
            _symbols[i] = new Symbol { Token = vocabulary.ByteToken(bytes[i]), Previous = i - 1, Next = i + 1 };
        }

        if (!bytes.IsEmpty)
        {
            _symbols[bytes.Length - 1].Next = -1;
        }
    }

    private void Join(int count)
    {
        for (int left = 0; left + 1 < count; left++)
        {
            Propose(left);
        }

        while (_candidates.TryDequeue(out (int Left, int LeftToken, int RightToken) candidate, out _))
        {
            ref Symbol left = ref _symbols[candidate.Left];

            // A candidate is stale when one of the two has been joined otherwise since: then another token stands there.
            if (left.Token != candidate.LeftToken || left.Next < 0 || _symbols[left.Next].Token != candidate.RightToken)
            {
                continue;
            }

            vocabulary.TryMerge(candidate.LeftToken, candidate.RightToken, out (int Rank, int Token) merge);
            ref Symbol right = ref _symbols[left.Next];
            left.Token = merge.Token;
            left.Next = right.Next;
            right.Token = Joined;
            if (right.Next >= 0)
            {
                _symbols[right.Next].Previous = candidate.Left;
            }

            Propose(left.Previous);
            Propose(candidate.Left);
        }
    }

    // The symbol and the one after it.
    private void Propose(int left)
    {
        if (left < 0 || _symbols[left].Next < 0)
        {
            return;
        }

        int leftToken = _symbols[left].Token;
        int rightToken = _symbols[_symbols[left].Next].Token;
        if (leftToken >= 0 && rightToken >= 0 && vocabulary.TryMerge(leftToken, rightToken, out (int Rank, int Token) merge))
        {
            _candidates.Enqueue((left, leftToken, rightToken), ((ulong)merge.Rank << 32) | (uint)left);
        }
    }

    private struct Symbol
    {
        internal int Token; // -1 for a byte that the vocabulary lacks
        internal int Previous;
        internal int Next;
    }
}
