using static Halo.Inference.Tokenization.Splitting.CharacterClasses;

namespace Halo.Inference.Tokenization.Splitting;

/// <summary>Rules that set single characters or runs of one kind apart and leave the rest to the next rule; and those of DeepSeek, made of such.</summary>
internal static class RunRules
{
    private const CharacterClass Signs = CharacterClass.Punctuation | CharacterClass.Symbol;

    // \p{N}
    internal static int Digit(ReadOnlySpan<char> text, int at) => RunEnd(text, at, CharacterClass.Number, 1) - at;

    // \p{N}{1,3}
    internal static int ThreeDigits(ReadOnlySpan<char> text, int at) => RunEnd(text, at, CharacterClass.Number, 3) - at;

    // \p{N}+
    internal static int Digits(ReadOnlySpan<char> text, int at) => RunEnd(text, at, CharacterClass.Number) - at;

    // [0-9][0-9][0-9]
    internal static int ExactlyThreeDigits(ReadOnlySpan<char> text, int at) =>
        text.Length - at >= 3 && !text.Slice(at, 3).ContainsAnyExceptInRange('0', '9') ? 3 : 0;

    // [\p{P}\$\+<=>\^~\|]+
    internal static int Signals(ReadOnlySpan<char> text, int at) => SignRun(text, at, "$+<=>^~|");

    // [\p{P}\$\+<=>\^~\|`]+
    internal static int SignalsAndTicks(ReadOnlySpan<char> text, int at) => SignRun(text, at, "$+<=>^~|`");

    // [\r\n]
    internal static int LineEnd(ReadOnlySpan<char> text, int at) => text[at] is '\r' or '\n' ? 1 : 0;

    // \s?\p{L}+
    internal static int SpacedLetters(ReadOnlySpan<char> text, int at) => SpacedRun(text, at, CharacterClass.Letter);

    // \s?\p{P}+
    internal static int SpacedPunctuation(ReadOnlySpan<char> text, int at) => SpacedRun(text, at, CharacterClass.Punctuation);

    // [一-龥ࠀ-一가-퟿]+
    internal static int EastAsian(ReadOnlySpan<char> text, int at) =>
        CharacterRun(text, at, letter => letter is (>= '\u0800' and <= '\u9FA5') or (>= '\uAC00' and <= '\uD7FF'));

    // [一-龥぀-ゟ゠-ヿ]+
    internal static int ChineseAndKana(ReadOnlySpan<char> text, int at) =>
        CharacterRun(text, at, letter => letter is (>= '\u4E00' and <= '\u9FA5') or (>= '\u3040' and <= '\u30FF'));

    // [ASCII sign][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
    internal static int DeepSeek3(ReadOnlySpan<char> text, int at)
    {
        const CharacterClass Letters = CharacterClass.Letter | CharacterClass.Mark;
        CharacterClass kind = At(text, at, out int step);
        if ((kind & Signs) != 0 && char.IsAscii(text[at]) && at + 1 < text.Length && char.IsAsciiLetter(text[at + 1]))
        {
            return 1 + CharacterRun(text, at + 1, char.IsAsciiLetter);
        }

        bool mayLead = (kind & (CharacterClass.Letter | Signs)) == 0 && text[at] is not ('\r' or '\n');
        if (mayLead && Is(text, at + step, Letters))
        {
            return RunEnd(text, at + step, Letters) - at;
        }

        int first = at + (text[at] == ' ' ? 1 : 0);
        if (Is(text, first, Signs))
        {
            return WordRules.LineEnds(text, RunEnd(text, first, Signs)) - at;
        }

        return (kind == CharacterClass.Space ? WordRules.LineEndOrSpaceRun(text, at) : RunEnd(text, at, Letters)) - at;
    }

    private static int SignRun(ReadOnlySpan<char> text, int at, string signs)
    {
        int end = at;
        while (At(text, end, out int length) is var kind && (kind == CharacterClass.Punctuation || (length == 1 && signs.Contains(text[end], StringComparison.Ordinal))))
        {
            end += length;
        }

        return end - at;
    }

    private static int SpacedRun(ReadOnlySpan<char> text, int at, CharacterClass kind)
    {
        int first = At(text, at, out _) == CharacterClass.Space ? at + 1 : at;
        int end = RunEnd(text, first, kind);
        return end > first ? end - at : 0;
    }

    private static int CharacterRun(ReadOnlySpan<char> text, int at, Predicate<char> belongs)
    {
        int end = at;
        while (end < text.Length && belongs(text[end]))
        {
            end++;
        }

        return end - at;
    }
}
