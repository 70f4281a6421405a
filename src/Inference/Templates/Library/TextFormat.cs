using System.Globalization;
using Halo.Inference.Templates.Values;

namespace Halo.Inference.Templates.Library;

/// <summary>Making texts of texts and other values.</summary>
internal static class TextFormat
{
    internal static TemplateText Upper(Rendering rendering, TemplateText text) => Mapped(rendering, text, value => value.ToUpperInvariant());

    internal static TemplateText Lower(Rendering rendering, TemplateText text) => Mapped(rendering, text, value => value.ToLowerInvariant());

    internal static TemplateText Capitalized(Rendering rendering, TemplateText text) =>
        Mapped(rendering, text, value => value.Length == 0 ? value : char.ToUpperInvariant(value[0]) + value[1..].ToLowerInvariant());

    /// <summary>Words with a capital first; method and filter do not agree on what a word begins behind.</summary>
    internal static TemplateText Title(Rendering rendering, TemplateText text, Predicate<char> beginsWord) =>
        Mapped(rendering, text, value => string.Create(value.Length, value, (letters, source) =>
        {
            for (int i = 0; i < letters.Length; i++)
            {
                letters[i] = i == 0 || beginsWord(source[i - 1]) ? char.ToUpperInvariant(source[i]) : char.ToLowerInvariant(source[i]);
            }
        }));

    internal static TemplateText Join(Rendering rendering, TemplateList items, TemplateText separator)
    {
        TextMaker maker = new(rendering);
        for (int i = 0; i < items.Count; i++)
        {
            rendering.Step();
            if (i > 0)
            {
                maker.Add(separator);
            }

            maker.Add(ValueText.Print(rendering, items[i]));
        }

        return maker.ToText();
    }

    /// <summary>Puts blanks before all lines but the first, or that too; empty lines stay as they are.</summary>
    internal static TemplateText Indent(Rendering rendering, TemplateText text, TemplateText blanks, bool first, bool blank)
    {
        TextMaker maker = new(rendering);
        for (int at = 0; at < text.Length;)
        {
            rendering.Step();
            int end = text.Value.IndexOf('\n', at);
            end = end < 0 ? text.Length : end + 1;
            if ((at > 0 || first) && (blank || text.Value[at] != '\n'))
            {
                maker.Add(blanks);
            }

            maker.Add(text, at, end - at);
            at = end;
        }

        return maker.ToText();
    }

    /// <summary><c>"%s of %d" % (a, b)</c>.</summary>
    internal static TemplateText Percent(Rendering rendering, TemplateText format, TemplateList values)
    {
        TextMaker maker = new(rendering);
        int used = 0;
        int at = 0;
        for (int sign; (sign = format.Value.IndexOf('%', at)) >= 0; at = sign + 2)
        {
            maker.Add(format, at, sign - at);
            char kind = sign + 1 < format.Length ? format.Value[sign + 1] : '\0';
            if (kind == '%')
            {
                maker.Add(format, sign, 1);
                continue;
            }

            if (kind is not ('s' or 'd' or 'i' or 'r' or 'f') || used == values.Count)
            {
                throw new TemplateException(used == values.Count ? "a format has more places than there are values." : $"the format '%{kind}' is not supported.");
            }

            object? value = values[used++];
            maker.Add(kind == 'f' && ValueLogic.TryNumber(value, out double number)
                ? new TemplateText(number.ToString("F6", CultureInfo.InvariantCulture), isTrusted: true)
                : ValueText.Print(rendering, value));
        }

        return maker.Add(format, at, format.Length - at).ToText();
    }

    /// <summary><c>"{} of {name}".format(a, name=b)</c>.</summary>
    internal static TemplateText Braces(Rendering rendering, TemplateText format, CallArguments arguments)
    {
        TextMaker maker = new(rendering);
        int used = 0;
        int at = 0;
        for (int brace; (brace = format.Value.AsSpan(at).IndexOfAny('{', '}')) >= 0;)
        {
            brace += at;
            maker.Add(format, at, brace - at);
            char sign = format.Value[brace];
            if (brace + 1 < format.Length && format.Value[brace + 1] == sign)
            {
                maker.Add(format, brace, 1);
                at = brace + 2;
                continue;
            }

            int close = sign == '{' ? format.Value.IndexOf('}', brace) : -1;
            if (close < 0)
            {
                throw new TemplateException("a format has a brace without its other.");
            }

            string name = format.Value[(brace + 1)..close];
            int place = name.Length == 0 ? used++ : int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int given) ? given : int.MaxValue;
            maker.Add(ValueText.Print(rendering, arguments.Require(place, name)));
            at = close + 1;
        }

        return maker.Add(format, at, format.Length - at).ToText();
    }

    private static TemplateText Mapped(Rendering rendering, TemplateText text, Func<string, string> change)
    {
        rendering.Make(text.Length);
        return text.Map(change);
    }
}
