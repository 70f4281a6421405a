using Halo.Inference.Tokenization;

namespace Halo.Inference.Templates.Values;

/// <summary>
/// A text that knows of each character whether the template wrote it or it came with the conversation. Whatever a template does to texts (cutting,
/// trimming, joining), only its own characters can become control tokens.
/// </summary>
internal sealed class TemplateText
{
    private readonly bool[]? _trusted; // of each character; null where all are alike
    private readonly bool _all;

    internal TemplateText(string value, bool isTrusted)
    {
        Value = value;
        _all = isTrusted;
    }

    internal TemplateText(string value, bool[] trusted)
    {
        Value = value;
        _trusted = trusted;
    }

    internal static TemplateText Empty { get; } = new("", isTrusted: true);

    internal string Value { get; }

    internal int Length => Value.Length;

    internal bool IsTrusted(int at) => _trusted is null ? _all : _trusted[at];

    internal TemplateText Slice(int start, int length) => start == 0 && length == Length ? this
        : _trusted is null ? new TemplateText(Value.Substring(start, length), _all)
        : new TemplateText(Value.Substring(start, length), _trusted.AsSpan(start, length).ToArray());

    /// <summary>The text with its characters changed one for one, as in upper case.</summary>
    internal TemplateText Map(Func<string, string> change)
    {
        string changed = change(Value);
        return _trusted is null ? new TemplateText(changed, _all)
            : changed.Length == Length ? new TemplateText(changed, _trusted)
            : new TemplateText(changed, isTrusted: false);
    }

    /// <summary>Runs of characters of one origin.</summary>
    internal IEnumerable<TextSegment> Segments()
    {
        for (int start = 0; start < Length;)
        {
            int end = _trusted is null ? Length : start + 1;
            while (end < Length && IsTrusted(end) == IsTrusted(start))
            {
                end++;
            }

            yield return new TextSegment(Value[start..end], IsTrusted(start));
            start = end;
        }
    }

    public override string ToString() => Value;
}
