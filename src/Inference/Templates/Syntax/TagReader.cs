using System.Globalization;
using System.Text;

namespace Halo.Inference.Templates.Syntax;

/// <summary>Cuts the inside of a tag into words.</summary>
internal sealed class TagReader(string source, LineCounter lines)
{
    private static readonly string[] s_pairs = ["**", "//", "==", "!=", "<=", ">="];

    private readonly List<Word> _words = [];
    private readonly Stack<char> _open = new(); // brackets that are to be closed

    /// <summary>Position in the source: after <see cref="Read"/>, behind the tag.</summary>
    internal int At { get; private set; }

    /// <summary>The sign before the closing mark: '-', '+', or none.</summary>
    internal char CloseSign { get; private set; }

    /// <summary>Reads up to the closing mark.</summary>
    /// <param name="start">Behind the opening mark.</param>
    /// <param name="close"><c>}}</c> or <c>%}</c>.</param>
    /// <exception cref="TemplateException">There is no closing mark, or something that belongs in no expression.</exception>
    internal List<Word> Read(int start, string close)
    {
        At = start;
        while (!TryClose(close))
        {
            if (At == source.Length)
            {
                throw new TemplateException($"this tag is not closed with '{close}'.", lines.Of(start));
            }

            ReadWord();
        }

        _words.Add(new Word(WordKind.End, "", lines.Of(At - 1)));
        return _words;
    }

    private bool TryClose(string close)
    {
        if (_open.Count > 0)
        {
            return false;
        }

        int sign = At < source.Length && source[At] is '-' or '+' ? 1 : 0;
        if (string.CompareOrdinal(source, At + sign, close, 0, close.Length) != 0)
        {
            return false;
        }

        CloseSign = sign == 1 ? source[At] : '\0';
        At += sign + close.Length;
        return true;
    }

    private void ReadWord()
    {
        char first = source[At];
        if (char.IsWhiteSpace(first))
        {
            At++;
        }
        else if (first is '\'' or '"')
        {
            ReadText(first);
        }
        else if (char.IsAsciiDigit(first))
        {
            ReadNumber();
        }
        else if (char.IsLetter(first) || first == '_')
        {
            int start = At;
            while (At < source.Length && (char.IsLetterOrDigit(source[At]) || source[At] == '_'))
            {
                At++;
            }

            Add(WordKind.Name, source[start..At], start);
        }
        else
        {
            ReadSign();
        }
    }

    private void ReadSign()
    {
        string sign = Array.Find(s_pairs, pair => string.CompareOrdinal(source, At, pair, 0, 2) == 0) ?? source[At].ToString();
        if (sign.Length == 1 && !"+-*/%~<>=.,:|()[]{}".Contains(sign, StringComparison.Ordinal))
        {
            throw new TemplateException($"'{sign}' belongs in no expression.", lines.Of(At));
        }

        if (sign[0] is '(' or '[' or '{')
        {
            _open.Push(sign[0] == '(' ? ')' : (char)(sign[0] + 2)); // in ASCII ] and } stand two behind [ and {
        }
        else if (sign[0] is ')' or ']' or '}' && (!_open.TryPop(out char expected) || expected != sign[0]))
        {
            throw new TemplateException($"'{sign}' closes nothing.", lines.Of(At));
        }

        Add(WordKind.Sign, sign, At);
        At += sign.Length;
    }

    private void ReadNumber()
    {
        int start = At;
        SkipDigits();
        bool isReal = At + 1 < source.Length && source[At] == '.' && char.IsAsciiDigit(source[At + 1]);
        if (isReal)
        {
            At++;
            SkipDigits();
        }

        int sign = At + 1 < source.Length && source[At + 1] is '-' or '+' ? 2 : 1;
        if (At + sign < source.Length && source[At] is 'e' or 'E' && char.IsAsciiDigit(source[At + sign]))
        {
            isReal = true;
            At += sign;
            SkipDigits();
        }

        Add(isReal ? WordKind.Real : WordKind.Integer, source[start..At].Replace("_", "", StringComparison.Ordinal), start);
    }

    private void SkipDigits()
    {
        while (At < source.Length && (char.IsAsciiDigit(source[At]) || source[At] == '_'))
        {
            At++;
        }
    }

    private void ReadText(char quote)
    {
        int start = At++;
        StringBuilder text = new();
        while (At < source.Length && source[At] != quote)
        {
            if (source[At] == '\\' && At + 1 < source.Length)
            {
                At++;
                ReadEscape(text);
            }
            else
            {
                text.Append(source[At++]);
            }
        }

        if (At == source.Length)
        {
            throw new TemplateException($"this string is not closed with {quote}.", lines.Of(start));
        }

        At++;
        Add(WordKind.Text, text.ToString(), start);
    }

    private void ReadEscape(StringBuilder text)
    {
        char letter = source[At++];
        int digits = letter switch { 'x' => 2, 'u' => 4, 'U' => 8, _ => 0 };
        if (digits > 0)
        {
            if (At + digits <= source.Length
                && int.TryParse(source.AsSpan(At, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int value)
                && value is >= 0 and <= 0x10FFFF)
            {
                text.Append(value is >= 0xD800 and <= 0xDFFF ? ((char)value).ToString() : char.ConvertFromUtf32(value));
                At += digits;
                return;
            }

            throw new TemplateException($"'\\{letter}' needs {digits} hexadecimal digits of a character.", lines.Of(At));
        }

        _ = letter switch
        {
            'n' => text.Append('\n'),
            't' => text.Append('\t'),
            'r' => text.Append('\r'),
            '0' => text.Append('\0'),
            'a' => text.Append('\a'),
            'b' => text.Append('\b'),
            'f' => text.Append('\f'),
            'v' => text.Append('\v'),
            '\n' => text,
            '\\' or '\'' or '"' => text.Append(letter),
            _ => text.Append('\\').Append(letter), // as Python leaves what is no escape
        };
    }

    private void Add(WordKind kind, string text, int at) => _words.Add(new Word(kind, text, lines.Of(at)));
}

/// <summary>Lines of places in a source, asked for from front to back.</summary>
internal sealed class LineCounter(string source)
{
    private int _at;
    private int _line = 1;

    internal int Of(int at)
    {
        if (at < _at)
        {
            return 1 + source.AsSpan(0, at).Count('\n');
        }

        _line += source.AsSpan(_at, Math.Min(at, source.Length) - _at).Count('\n');
        _at = Math.Min(at, source.Length);
        return _line;
    }
}
