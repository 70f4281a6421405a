using System.Text;
using Halo.Inference.Tokenization;

namespace Halo.Inference.Templates.Values;

/// <summary>Puts a text together from parts of different origin.</summary>
/// <param name="rendering">Accounts for the characters.</param>
/// <param name="mostChars">Longest text.</param>
internal sealed class TextMaker(Rendering rendering, int mostChars)
{
    private readonly StringBuilder _text = new();
    private readonly List<(int Length, bool IsTrusted)> _runs = [];

    internal TextMaker(Rendering rendering)
        : this(rendering, rendering.Limits.MaxOutputChars)
    {
    }

    internal TextMaker Add(string text, bool isTrusted)
    {
        Count(text.Length, isTrusted);
        _text.Append(text);
        return this;
    }

    internal TextMaker Add(TemplateText text)
    {
        foreach (TextSegment segment in text.Segments())
        {
            Add(segment.Text, segment.IsTrusted);
        }

        return this;
    }

    internal TextMaker Add(TemplateText text, int start, int length) => Add(text.Slice(start, length));

    internal TemplateText ToText()
    {
        if (_runs.Count <= 1)
        {
            return new TemplateText(_text.ToString(), _runs.Count == 0 || _runs[0].IsTrusted);
        }

        bool[] trusted = new bool[_text.Length];
        int at = 0;
        foreach ((int length, bool isTrusted) in _runs)
        {
            trusted.AsSpan(at, length).Fill(isTrusted);
            at += length;
        }

        return new TemplateText(_text.ToString(), trusted);
    }

    internal List<TextSegment> ToSegments()
    {
        List<TextSegment> segments = [];
        string text = _text.ToString();
        int at = 0;
        foreach ((int length, bool isTrusted) in _runs)
        {
            segments.Add(new TextSegment(text.Substring(at, length), isTrusted));
            at += length;
        }

        return segments;
    }

    private void Count(int length, bool isTrusted)
    {
        if (length == 0)
        {
            return;
        }

        rendering.Make(length);
        if (length > mostChars - _text.Length)
        {
            throw Rendering.Stopped("characters of output", mostChars, "it writes more and more");
        }

        if (_runs.Count > 0 && _runs[^1].IsTrusted == isTrusted)
        {
            _runs[^1] = (_runs[^1].Length + length, isTrusted);
        }
        else
        {
            _runs.Add((length, isTrusted));
        }
    }
}
