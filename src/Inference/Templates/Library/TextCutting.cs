using Halo.Inference.Templates.Values;

namespace Halo.Inference.Templates.Library;

/// <summary>Cutting texts at others, and putting others in.</summary>
internal static class TextCutting
{
    /// <summary>Without a separator the text is cut at runs of white space, and what is left has none.</summary>
    internal static TemplateList Split(Rendering rendering, TemplateText text, CallArguments arguments, bool fromEnd)
    {
        long most = arguments.Integer(1, "maxsplit", -1);
        List<(int Start, int Length)> gaps = arguments.Get(0, "sep") is TemplateText separator ? Places(text.Value, separator.Value) : WhiteSpace(text.Value);
        bool atSpace = arguments.Get(0, "sep") is not TemplateText;
        rendering.Step(gaps.Count);
        if (atSpace)
        {
            // White space at the ends separates nothing.
            gaps.RemoveAll(gap => gap.Start == 0 || gap.Start + gap.Length == text.Length);
            text = most < 0 || !fromEnd ? text : TextMethods.Strip(text, CallArguments.None, start: false, end: true);
        }

        if (most >= 0 && gaps.Count > most)
        {
            gaps = fromEnd ? gaps[^(int)most..] : gaps[..(int)most];
        }

        TemplateList parts = [];
        int at = 0;
        foreach ((int start, int length) in gaps)
        {
            parts.Add(text.Slice(at, start - at));
            at = start + length;
        }

        parts.Add(text.Slice(at, text.Length - at));
        if (atSpace)
        {
            Tidy(parts, most);
        }

        return parts;
    }

    internal static TemplateList Lines(Rendering rendering, TemplateText text)
    {
        TemplateList lines = [];
        for (int at = 0; at < text.Length;)
        {
            rendering.Step();
            int end = text.Value.AsSpan(at).IndexOfAny('\r', '\n');
            end = end < 0 ? text.Length : at + end;
            lines.Add(text.Slice(at, end - at));
            at = end + (end + 1 < text.Length && text.Value[end] == '\r' && text.Value[end + 1] == '\n' ? 2 : 1);
        }

        return lines;
    }

    internal static TemplateText Replace(Rendering rendering, TemplateText text, string old, TemplateText replacement, long most)
    {
        TextMaker maker = new(rendering);
        int at = 0;
        int from = 0;
        for (long count = 0; (most < 0 || count < most) && from <= text.Length; count++)
        {
            int hit = text.Value.IndexOf(old, from, StringComparison.Ordinal);
            if (hit < 0)
            {
                break;
            }

            rendering.Step();
            maker.Add(text, at, hit - at).Add(replacement);
            at = hit + old.Length;
            from = old.Length > 0 ? at : hit + 1; // an empty text stands between all characters
        }

        return maker.Add(text, at, text.Length - at).ToText();
    }

    private static List<(int Start, int Length)> Places(string text, string separator)
    {
        if (separator.Length == 0)
        {
            throw new TemplateException("a string cannot be split at an empty one.");
        }

        List<(int, int)> places = [];
        for (int at = 0; (at = text.IndexOf(separator, at, StringComparison.Ordinal)) >= 0; at += separator.Length)
        {
            places.Add((at, separator.Length));
        }

        return places;
    }

    private static List<(int Start, int Length)> WhiteSpace(string text)
    {
        List<(int, int)> places = [];
        for (int at = 0; at < text.Length; at++)
        {
            int start = at;
            while (at < text.Length && char.IsWhiteSpace(text[at]))
            {
                at++;
            }

            if (at > start)
            {
                places.Add((start, at - start));
            }
        }

        return places;
    }

    private static void Tidy(TemplateList parts, long most)
    {
        TemplateText first = (TemplateText)parts[0]!;
        parts[0] = TextMethods.Strip(first, CallArguments.None, start: true, end: parts.Count == 1 && most != 0);
        TemplateText last = (TemplateText)parts[^1]!;
        parts[^1] = TextMethods.Strip(last, CallArguments.None, start: true, end: most < 0 || parts.Count <= most);
        parts.RemoveAll(part => part is TemplateText { Length: 0 });
    }
}
