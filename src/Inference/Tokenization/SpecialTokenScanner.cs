namespace Halo.Inference.Tokenization;

/// <summary>Cuts a text at the special tokens written out in it.</summary>
internal static class SpecialTokenScanner
{
    /// <summary>
    /// Pieces of the text from left to right: a special token, or a range between two (then <c>Special</c> is -1). User-defined tokens
    /// are always found; control and unknown tokens only with <paramref name="parseSpecial"/>, lest a user's words steer the model.
    /// </summary>
    internal static List<(Range Range, int Special)> Split(string text, SentencePieceVocabulary vocabulary, bool parseSpecial)
    {
        List<(int Start, int Length, int Special)> pieces = text.Length == 0 ? [] : [(0, text.Length, -1)];
        foreach ((string special, int token) in vocabulary.Specials)
        {
            if ((parseSpecial || vocabulary.Kinds[token] == TokenKind.UserDefined) && text.Contains(special, StringComparison.Ordinal))
            {
                pieces = Cut(text, pieces, special, token);
            }
        }

        return pieces.ConvertAll(piece => (new Range(piece.Start, piece.Start + piece.Length), piece.Special));
    }

    private static List<(int Start, int Length, int Special)> Cut(
        string text, List<(int Start, int Length, int Special)> pieces, string special, int token)
    {
        List<(int Start, int Length, int Special)> cut = [];
        foreach ((int start, int length, int found) in pieces)
        {
            int at = start;
            int end = start + length;
            while (found < 0)
            {
                int hit = text.IndexOf(special, at, end - at, StringComparison.Ordinal);
                if (hit < 0)
                {
                    break;
                }

                AddText(cut, at, hit);
                cut.Add((hit, special.Length, token));
                at = hit + special.Length;
            }

            if (found < 0)
            {
                AddText(cut, at, end);
            }
            else
            {
                cut.Add((start, length, found));
            }
        }

        return cut;
    }

    private static void AddText(List<(int Start, int Length, int Special)> pieces, int start, int end)
    {
        if (end > start)
        {
            pieces.Add((start, end - start, -1));
        }
    }
}
