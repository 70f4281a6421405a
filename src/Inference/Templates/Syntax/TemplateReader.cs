namespace Halo.Inference.Templates.Syntax;

/// <summary>
/// Cuts a template into text and tags, and takes off the white space that tags take away. As chat templates are rendered everywhere: the line end behind
/// a statement or comment goes, and so do the blanks before one that begins its line; '-' takes all white space on its side, '+' none.
/// </summary>
internal sealed class TemplateReader
{
    private const string Raw = "raw";

    private readonly string _source;
    private readonly LineCounter _lines;
    private readonly List<TemplatePart> _parts = [];
    private int _at;
    private bool _stripNext; // the tag before takes all white space behind it
    private bool _trimNext; // the tag before takes the line end behind it

    private TemplateReader(string source)
    {
        _source = source;
        _lines = new LineCounter(source);
    }

    internal static List<TemplatePart> Read(string source)
    {
        string text = source.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        TemplateReader reader = new(text.EndsWith('\n') ? text[..^1] : text);
        reader.ReadAll();
        return reader._parts;
    }

    private void ReadAll()
    {
        while (FindTag() is var tag and >= 0)
        {
            char kind = _source[tag + 1];
            int inside = tag + 2;
            char sign = inside < _source.Length && _source[inside] is '-' or '+' ? _source[inside] : '\0';
            AddText(tag, strip: sign == '-', stripLine: kind != '{' && sign != '+');
            inside += sign == '\0' ? 0 : 1;
            if (kind == '#')
            {
                SkipComment(inside);
            }
            else if (kind == '%' && IsRaw(inside, Raw, out int text, out char close))
            {
                ReadRaw(tag, text, close);
            }
            else
            {
                ReadTag(inside, kind == '{');
            }
        }

        AddText(_source.Length, strip: false, stripLine: false);
    }

    private int FindTag()
    {
        for (int at = _at; (at = _source.IndexOf('{', at)) >= 0 && at + 1 < _source.Length; at++)
        {
            if (_source[at + 1] is '{' or '%' or '#')
            {
                return at;
            }
        }

        return -1;
    }

    // The text from here to a tag that takes away white space before it.
    private void AddText(int end, bool strip, bool stripLine)
    {
        int start = _at;
        if (_stripNext)
        {
            while (start < end && char.IsWhiteSpace(_source[start]))
            {
                start++;
            }
        }
        else if (_trimNext && start < end && _source[start] == '\n')
        {
            start++;
        }

        int last = end;
        while (last > start && char.IsWhiteSpace(_source[last - 1]) && (strip || (stripLine && _source[last - 1] != '\n')))
        {
            last--;
        }

        bool beginsLine = last == 0 || _source[last - 1] == '\n';
        last = strip || beginsLine ? last : end;
        if (last > start)
        {
            _parts.Add(new TemplatePart(PartKind.Text, _source[start..last], [], _lines.Of(start)));
        }

        _at = end;
        _stripNext = false;
        _trimNext = false;
    }

    private void ReadTag(int inside, bool isOutput)
    {
        int line = _lines.Of(inside);
        TagReader reader = new(_source, _lines);
        List<Word> words = reader.Read(inside, isOutput ? "}}" : "%}");
        _parts.Add(new TemplatePart(isOutput ? PartKind.Output : PartKind.Statement, "", words, line));
        _at = reader.At;
        _stripNext = reader.CloseSign == '-';
        _trimNext = !isOutput && reader.CloseSign == '\0';
    }

    private void SkipComment(int inside)
    {
        int end = _source.IndexOf("#}", inside, StringComparison.Ordinal);
        if (end < 0)
        {
            throw new TemplateException("this comment is not closed with '#}'.", _lines.Of(inside));
        }

        _at = end + 2;
        _stripNext = end > inside && _source[end - 1] == '-';
        _trimNext = !(end > inside && _source[end - 1] is '-' or '+');
    }

    // Whether the tag says a word and nothing else; then where it ends, and the sign before its closing mark.
    private bool IsRaw(int inside, string word, out int end, out char sign)
    {
        ReadOnlySpan<char> rest = _source.AsSpan(inside);
        ReadOnlySpan<char> close = rest.TrimStart();
        sign = '\0';
        end = 0;
        if (!close.StartsWith(word, StringComparison.Ordinal))
        {
            return false;
        }

        close = close[word.Length..].TrimStart();
        sign = close.Length > 0 && close[0] is '-' or '+' ? close[0] : '\0';
        close = sign == '\0' ? close : close[1..];
        end = _source.Length - close.Length + 2;
        return close.StartsWith("%}", StringComparison.Ordinal);
    }

    private void ReadRaw(int tag, int text, char close)
    {
        _at = text;
        _stripNext = close == '-';
        for (int at = text; (at = _source.IndexOf("{%", at, StringComparison.Ordinal)) >= 0; at += 2)
        {
            int inside = at + 2;
            char sign = inside < _source.Length && _source[inside] is '-' or '+' ? _source[inside] : '\0';
            if (IsRaw(inside + (sign == '\0' ? 0 : 1), "endraw", out int end, out char last))
            {
                AddText(at, strip: sign == '-', stripLine: sign != '+');
                _at = end;
                _stripNext = last == '-';
                _trimNext = last == '\0';
                return;
            }
        }

        throw new TemplateException("'raw' is not closed with 'endraw'.", _lines.Of(tag));
    }
}
