using System.Globalization;
using System.Text;

namespace Halo.Inference.Tokenization.Splitting;

/// <summary>What rules for words ask of a character: its Unicode category, but white space is that and nothing else.</summary>
[Flags]
internal enum CharacterClass
{
    /// <summary>The end of the text.</summary>
    None = 0,

    /// <summary>Upper-case and title-case letters: Lu, Lt.</summary>
    Upper = 1,

    /// <summary>Lower-case letters: Ll.</summary>
    Lower = 2,

    /// <summary>Letters without case: Lm, Lo.</summary>
    Caseless = 4,

    /// <summary>Combining marks: M.</summary>
    Mark = 8,

    /// <summary>Digits and other numbers: N.</summary>
    Number = 16,

    /// <summary>Punctuation: P.</summary>
    Punctuation = 32,

    /// <summary>Symbols: S.</summary>
    Symbol = 64,

    /// <summary>What Unicode calls white space.</summary>
    Space = 128,

    /// <summary>All else: control and format characters, private use, unassigned.</summary>
    Other = 256,

    Letter = Upper | Lower | Caseless,
}

/// <summary>Characters of a text by class.</summary>
internal static class CharacterClasses
{
    private static readonly CharacterClass[] s_basic = [.. Enumerable.Range(0, 0x10000).Select(value => Of(new Rune(IsSurrogate(value) ? 0xFFFD : value)))];

    /// <summary>The class of the character at a place, and its length in UTF-16 units; none and 0 at the end.</summary>
    internal static CharacterClass At(ReadOnlySpan<char> text, int at, out int length)
    {
        if ((uint)at >= (uint)text.Length)
        {
            length = 0;
            return CharacterClass.None;
        }

        length = 1;
        if (char.IsHighSurrogate(text[at]) && at + 1 < text.Length && char.IsLowSurrogate(text[at + 1]))
        {
            length = 2;
            return Of(new Rune(text[at], text[at + 1]));
        }

        return s_basic[text[at]]; // a lone surrogate is U+FFFD, as it will be in UTF-8
    }

    /// <summary>Whether the character at a place is of one of these classes.</summary>
    internal static bool Is(ReadOnlySpan<char> text, int at, CharacterClass classes) => (At(text, at, out _) & classes) != 0;

    /// <summary>The end of a run of characters of these classes.</summary>
    internal static int RunEnd(ReadOnlySpan<char> text, int at, CharacterClass classes, int most = int.MaxValue)
    {
        for (int count = 0; count < most && (At(text, at, out int length) & classes) != 0; count++)
        {
            at += length;
        }

        return at;
    }

    private static bool IsSurrogate(int value) => value is >= 0xD800 and <= 0xDFFF;

    private static CharacterClass Of(Rune rune) => Rune.IsWhiteSpace(rune) ? CharacterClass.Space : Rune.GetUnicodeCategory(rune) switch
    {
        UnicodeCategory.UppercaseLetter or UnicodeCategory.TitlecaseLetter => CharacterClass.Upper,
        UnicodeCategory.LowercaseLetter => CharacterClass.Lower,
        UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter => CharacterClass.Caseless,
        UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark => CharacterClass.Mark,
        UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => CharacterClass.Number,
        UnicodeCategory.ConnectorPunctuation or UnicodeCategory.DashPunctuation or UnicodeCategory.OpenPunctuation
            or UnicodeCategory.ClosePunctuation or UnicodeCategory.InitialQuotePunctuation or UnicodeCategory.FinalQuotePunctuation
            or UnicodeCategory.OtherPunctuation => CharacterClass.Punctuation,
        UnicodeCategory.MathSymbol or UnicodeCategory.CurrencySymbol or UnicodeCategory.ModifierSymbol or UnicodeCategory.OtherSymbol => CharacterClass.Symbol,
        _ => CharacterClass.Other,
    };
}
