using static Halo.Inference.Tokenization.Splitting.CharacterClasses;

namespace Halo.Inference.Tokenization.Splitting;

/// <summary>Rules that cut a word where lower case turns to upper, as "camelCase", after the expressions of Mistral's and OpenAI's later tokenizers.</summary>
internal static class CasedWordRules
{
    private const CharacterClass Either = CharacterClass.Caseless | CharacterClass.Mark;
    private const CharacterClass UpperPart = CharacterClass.Upper | Either;
    private const CharacterClass LowerPart = CharacterClass.Lower | Either;
    private const CharacterClass Wordless = CharacterClass.Mark | CharacterClass.Punctuation | CharacterClass.Symbol | CharacterClass.Other;

    // With U for [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}] and W for [\p{Ll}\p{Lm}\p{Lo}\p{M}]:
    // [^\r\n\p{L}\p{N}]?U*W+|[^\r\n\p{L}\p{N}]?U+W*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+
    internal static int Tekken(ReadOnlySpan<char> text, int at) => Cased(text, at, mostDigits: 1, contractions: false);

    // The same with \p{N}{1,3}, and (?i:'s|'t|'re|'ve|'m|'ll|'d)? after both kinds of word.
    internal static int Gpt4o(ReadOnlySpan<char> text, int at) => Cased(text, at, mostDigits: 3, contractions: true);

    private static int Cased(ReadOnlySpan<char> text, int at, int mostDigits, bool contractions)
    {
        CharacterClass kind = At(text, at, out int step);
        bool mayLead = (kind & (CharacterClass.Letter | CharacterClass.Number)) == 0 && text[at] is not ('\r' or '\n');
        int end = Lowered(text, at, at + step, mayLead);
        if (end == 0)
        {
            end = mayLead ? RunEnd(text, at + step, UpperPart) : at;
            end = end == at + step && mayLead ? at : end;
            end = end > at ? end : RunEnd(text, at, UpperPart);
        }

        if (end > at)
        {
            return end - at + (contractions ? WordRules.Contraction(text, end, ignoreCase: true) : 0);
        }

        if (kind == CharacterClass.Number)
        {
            return RunEnd(text, at, CharacterClass.Number, mostDigits) - at;
        }

        int first = at + (text[at] == ' ' ? 1 : 0);
        end = RunEnd(text, first, Wordless);
        return (end > first ? WordRules.LineEnds(text, end, "/") : WordRules.LineEndOrSpaceRun(text, at)) - at;
    }

    // The end of [^\r\n\p{L}\p{N}]?U*W+, or 0: with the leading character if the rest can follow on it, else without.
    private static int Lowered(ReadOnlySpan<char> text, int at, int afterLead, bool mayLead)
    {
        int end = mayLead ? LoweredPart(text, afterLead) : 0;
        return end > 0 ? end : LoweredPart(text, at);
    }

    // The end of U*W+, or 0. Where no W follows the U, the last of these that is a W too is given back for it.
    private static int LoweredPart(ReadOnlySpan<char> text, int at)
    {
        int lastEither = 0;
        int end = at;
        while (At(text, end, out int length) is var kind && (kind & UpperPart) != 0)
        {
            end += length;
            lastEither = (kind & Either) != 0 ? end : lastEither;
        }

        int lower = RunEnd(text, end, LowerPart);
        return lower > end ? lower : lastEither;
    }
}
