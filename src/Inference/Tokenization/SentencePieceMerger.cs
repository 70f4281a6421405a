using System.Text;

namespace Halo.Inference.Tokenization;

/// <summary>
/// Joins the characters of a text into tokens, best score first. A queue of candidate joins makes it O(n log n); the text is worked
/// on between places that no token spans, where the result of each part cannot depend on its neighbours, so n is usually a word.
/// </summary>
internal sealed class SentencePieceMerger(SentencePieceVocabulary vocabulary, List<int> tokens)
{
    // Highest score first, leftmost first among equals, as llama.cpp and SentencePiece order them.
    private static readonly Comparer<(float Score, int Left)> s_order = Comparer<(float Score, int Left)>.Create(
        (a, b) => a.Score != b.Score ? b.Score.CompareTo(a.Score) : a.Left.CompareTo(b.Left));

    private readonly PriorityQueue<(int Left, int Right, int Length), (float Score, int Left)> _joins = new(s_order);
    private Symbol[] _symbols = new Symbol[64];
    private string _text = "";

    /// <summary>Appends the tokens of a text in which spaces are U+2581 already.</summary>
    internal void Append(string text)
    {
        _text = text;
        int start = 0;
        Rune previous = default;
        int at = 0;
        while (at < text.Length)
        {
            Rune rune = Rune.GetRuneAt(text, at);
            if (rune.Value == SentencePieceVocabulary.Space && at > start && vocabulary.SplitsBeforeSpace(previous))
            {
                AppendPart(start, at);
                start = at;
            }

            previous = rune;
            at += rune.Utf16SequenceLength;
        }

        AppendPart(start, text.Length);
    }

    private void AppendPart(int start, int end)
    {
        int count = CutIntoCharacters(start, end);
        for (int left = 0; left + 1 < count; left++)
        {
            Propose(left, left + 1);
        }

        while (_joins.TryDequeue(out (int Left, int Right, int Length) join, out _))
        {
            ref Symbol left = ref _symbols[join.Left];
            ref Symbol right = ref _symbols[join.Right];

            // A join is stale when one side was joined otherwise since: then its length is 0 or has grown.
            if (left.Length == 0 || right.Length == 0 || left.Length + right.Length != join.Length)
            {
                continue;
            }

            left.Length = join.Length;
            right.Length = 0;
            left.Next = right.Next;
            if (right.Next >= 0)
            {
                _symbols[right.Next].Previous = join.Left;
            }

            Propose(left.Previous, join.Left);
            Propose(join.Left, left.Next);
        }

        for (int i = count > 0 ? 0 : -1; i >= 0; i = _symbols[i].Next)
        {
            Emit(_text.AsSpan(_symbols[i].Start, _symbols[i].Length));
        }
    }

    private int CutIntoCharacters(int start, int end)
    {
        int count = 0;
        for (int at = start; at < end; count++)
        {
            if (count == _symbols.Length)
            {
                Array.Resize(ref _symbols, count * 2);
            }

            int length = Rune.GetRuneAt(_text, at).Utf16SequenceLength;
            _symbols[count] = new Symbol { Start = at, Length = length, Previous = count - 1, Next = count + 1 };
            at += length;
        }

        if (count > 0)
        {
            _symbols[count - 1].Next = -1;
        }

        return count;
    }

    private void Propose(int left, int right)
    {
        if (left < 0 || right < 0)
        {
            return;
        }

        int length = _symbols[left].Length + _symbols[right].Length;
        if (vocabulary.TryFind(_text.AsSpan(_symbols[left].Start, length), out int token))
        {
            _joins.Enqueue((left, right, length), (vocabulary.Scores[token], left));
        }
    }

    private void Emit(ReadOnlySpan<char> symbol)
    {
        if (vocabulary.TryFind(symbol, out int token))
        {
            tokens.Add(token);
            return;
        }

        // Only a single character can be missing. Bytes if the vocabulary has them all, else one unknown token for the character.
        Span<byte> utf8 = stackalloc byte[4];
        int count = Encoding.UTF8.GetBytes(symbol, utf8);
        bool hasAll = true;
        foreach (byte value in utf8[..count])
        {
            hasAll &= vocabulary.ByteToken(value) >= 0;
        }

        if (hasAll)
        {
            foreach (byte value in utf8[..count])
            {
                tokens.Add(vocabulary.ByteToken(value));
            }
        }
        else if (vocabulary.Table.Unknown >= 0)
        {
            tokens.Add(vocabulary.Table.Unknown);
        }
    }

    private struct Symbol
    {
        internal int Start;
        internal int Length; // in UTF-16 units; 0 once joined to the left
        internal int Previous;
        internal int Next;
    }
}
