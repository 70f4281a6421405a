using static Halo.Inference.Tokenization.Splitting.CharacterClasses;

namespace Halo.Inference.Tokenization.Splitting;

/// <summary>
/// The length in UTF-16 units of the word that begins at a place of a text; 0 where none does. What lies between words is a word too.
/// </summary>
internal delegate int WordRule(ReadOnlySpan<char> text, int at);

/// <summary>
/// Cuts a text into the words within which bytes are joined. Each rule cuts up what the one before it left, and sees nothing beyond it. Rules look at
/// each character a bounded number of times, so a text takes linear time, whatever is in it.
/// </summary>
internal sealed class PreTokenizer(params WordRule[] rules)
{
    /// <summary>Whether a word that is a token is that one, even where the merges would lead elsewhere.</summary>
    internal bool IgnoresMerges { get; init; }

    /// <summary>Whether models of this kind expect the beginning token where their file does not say.</summary>
    internal bool AddBos { get; init; }

    /// <summary>The ends of the words, in order; the last is the text's.</summary>
    internal List<int> Split(ReadOnlySpan<char> text)
    {
        List<int> ends = text.IsEmpty ? [] : [text.Length];
        foreach (WordRule rule in rules)
        {
            List<int> cut = new(ends.Count);
            int start = 0;
            foreach (int end in ends)
            {
                Cut(text[start..end], start, rule, cut);
                start = end;
            }

            ends = cut;
        }

        return ends;
    }

    private static void Cut(ReadOnlySpan<char> text, int offset, WordRule rule, List<int> ends)
    {
        int start = 0;
        for (int at = 0; at < text.Length;)
        {
            int length = rule(text, at);
            if (length == 0)
            {
                At(text, at, out int step);
                at += step;
                continue;
            }

            if (at > start)
            {
                ends.Add(offset + at);
            }

            at += length;
            start = at;
            ends.Add(offset + at);
        }

        if (start < text.Length)
        {
            ends.Add(offset + text.Length);
        }
    }
}
