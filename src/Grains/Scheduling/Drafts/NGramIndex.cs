using System.Numerics;

namespace Halo.Grains.Scheduling.Drafts;

/// <summary>
/// Finds where the last few tokens of a growing text stood before: a table of hashes for each length, which holds the latest place. Every token is
/// entered once, so a look-up costs a few comparisons; a place that another one has overwritten is forgotten. Memory grows by doubling, to at most
/// 96 bytes a token; nothing else is allocated.
/// </summary>
internal sealed class NGramIndex
{
    /// <summary>Tokens that must agree at least. One alone says too little.</summary>
    internal const int Shortest = 2;

    /// <summary>Tokens that are compared at most.</summary>
    internal const int Longest = 4;

    private const int FewestSlots = 256;

    private int[] _ends = []; // (lengths, slots): the token after the latest place; 0 where there is none
    private int _bits;        // of a slot's number
    private int _entered;     // places that end at or before this token are entered

    /// <summary>The latest place where the last tokens stood before, for the longest run of them that is known.</summary>
    /// <param name="tokens">The text: what was given before, and perhaps more.</param>
    /// <returns>How many tokens agree, and the token that followed them; 0 and 0 where nothing agrees.</returns>
    internal (int Length, int Next) Find(ReadOnlySpan<int> tokens)
    {
        Grow(tokens.Length);
        for (int end = _entered + 1; end < tokens.Length; end++)
        {
            Enter(tokens[..end]);
        }

        _entered = Math.Max(_entered, tokens.Length - 1);
        for (int length = Longest; length >= Shortest; length--)
        {
            if (tokens.Length > length)
            {
                ReadOnlySpan<int> last = tokens[^length..];
                int end = Slot(last);
                if (end >= length && tokens[(end - length)..end].SequenceEqual(last))
                {
                    return (length, end);
                }
            }
        }

        return (0, 0);
    }

    private void Enter(ReadOnlySpan<int> tokens)
    {
        for (int length = Shortest; length <= Math.Min(Longest, tokens.Length); length++)
        {
            Slot(tokens[^length..]) = tokens.Length;
        }
    }

    private ref int Slot(ReadOnlySpan<int> tokens)
    {
        uint hash = 0;
        foreach (int token in tokens)
        {
            hash = (hash ^ (uint)token) * 0x9E3779B1; // the golden ratio of 32 bits: neighbours end far apart
        }

        return ref _ends[((tokens.Length - Shortest) << _bits) + (int)(hash >> (32 - _bits))];
    }

    // At most half of the slots are in use.
    private void Grow(int count)
    {
        if (2L * count > _ends.Length / (Longest - Shortest + 1))
        {
            _bits = BitOperations.Log2(BitOperations.RoundUpToPowerOf2((uint)Math.Max(FewestSlots, 4 * count)));
            _ends = new int[(Longest - Shortest + 1) << _bits];
            _entered = 0;
        }
    }
}
