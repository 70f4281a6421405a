using static Halo.Inference.Tokenization.Splitting.CharacterClasses;

namespace Halo.Inference.Tokenization.Splitting;

/// <summary>
/// The rules that published tokenizers state as regular expressions, by hand: alternatives in the order in which the expressions have them. The
/// expression stands above each.
/// </summary>
internal static class WordRules
{
    private const CharacterClass Wordless = CharacterClass.Mark | CharacterClass.Punctuation | CharacterClass.Symbol | CharacterClass.Other;

    // 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
    internal static int Gpt2(ReadOnlySpan<char> text, int at)
    {
        int length = Contraction(text, at, ignoreCase: false);
        if (length > 0)
        {
            return length;
        }

        int first = at + (text[at] == ' ' ? 1 : 0);
        CharacterClass kind = At(text, first, out _);
        CharacterClass run = (kind & CharacterClass.Letter) != 0 ? CharacterClass.Letter : kind == CharacterClass.Number ? kind : Wordless;
        int end = RunEnd(text, first, run);
        return end > first ? end - at : SpaceRun(text, at, RunEnd(text, at, CharacterClass.Space)) - at;
    }

    // (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
    internal static int Llama3(ReadOnlySpan<char> text, int at) => Modern(text, at, CharacterClass.Letter, mostDigits: 3);

    // The same with \p{N} for \p{N}{1,3}.
    internal static int Qwen2(ReadOnlySpan<char> text, int at) => Modern(text, at, CharacterClass.Letter, mostDigits: 1);

    // The same with [\p{L}\p{M}]+ for \p{L}+ and marks left out of [^\s\p{L}\p{N}]+.
    internal static int Qwen35(ReadOnlySpan<char> text, int at) => Modern(text, at, CharacterClass.Letter | CharacterClass.Mark, mostDigits: 1);

    // Where \s+ ends: a line end takes what stands before it; before a word the last space is left for it.
    internal static int LineEndOrSpaceRun(ReadOnlySpan<char> text, int at)
    {
        int end = RunEnd(text, at, CharacterClass.Space);
        int lineEnd = text[at..end].LastIndexOfAny('\r', '\n');
        return lineEnd >= 0 ? at + lineEnd + 1 : SpaceRun(text, at, end);
    }

    // The length of 's, 't, 're, 've, 'm, 'll or 'd; 0 where there is none.
    internal static int Contraction(ReadOnlySpan<char> text, int at, bool ignoreCase)
    {
        if (at >= text.Length || text[at] != '\'' || at + 1 == text.Length)
        {
            return 0;
        }

        char first = ignoreCase ? char.ToLowerInvariant(text[at + 1]) : text[at + 1];
        if (first is 's' or 't' or 'm' or 'd')
        {
            return 2;
        }

        char second = at + 2 == text.Length ? '\0' : ignoreCase ? char.ToLowerInvariant(text[at + 2]) : text[at + 2];
        return (first, second) is ('r', 'e') or ('v', 'e') or ('l', 'l') ? 3 : 0;
    }

    internal static int LineEnds(ReadOnlySpan<char> text, int at, string more = "")
    {
        while (at < text.Length && (text[at] is '\r' or '\n' || more.Contains(text[at], StringComparison.Ordinal)))
        {
            at++;
        }

        return at;
    }

    private static int Modern(ReadOnlySpan<char> text, int at, CharacterClass letters, int mostDigits)
    {
        int length = Contraction(text, at, ignoreCase: true);
        if (length > 0)
        {
            return length;
        }

        CharacterClass kind = At(text, at, out int step);
        bool mayLead = (kind & (CharacterClass.Letter | CharacterClass.Number)) == 0 && text[at] is not ('\r' or '\n');
        if (mayLead && Is(text, at + step, letters))
        {
            return RunEnd(text, at + step, letters) - at;
        }

        if ((kind & letters) != 0)
        {
            return RunEnd(text, at, letters) - at;
        }

        if (kind == CharacterClass.Number)
        {
            return RunEnd(text, at, CharacterClass.Number, mostDigits) - at;
        }

        int first = at + (text[at] == ' ' ? 1 : 0);
        int end = RunEnd(text, first, Wordless & ~letters);
        return (end > first ? LineEnds(text, end) : LineEndOrSpaceRun(text, at)) - at;
    }

    // \s+(?!\S)|\s+
    private static int SpaceRun(ReadOnlySpan<char> text, int at, int end) => end < text.Length && end - at > 1 ? end - 1 : end;
}
