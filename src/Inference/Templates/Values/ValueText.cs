using System.Globalization;

namespace Halo.Inference.Templates.Values;

/// <summary>Values as text: as they are printed, which is as Python prints them, and by kind in messages.</summary>
internal static class ValueText
{
    internal static string Kind(object? value) => value switch
    {
        null => "none",
        Undefined => "undefined",
        bool => "a boolean",
        long => "a whole number",
        double => "a number",
        TemplateText => "a string",
        TemplateList => "a list",
        TemplateMap => "a mapping",
        TemplateFunction => "a function",
        _ => "an object",
    };

    /// <summary>The value as it is printed.</summary>
    internal static TemplateText Print(Rendering rendering, object? value)
    {
        switch (value)
        {
            case TemplateText text:
                return text;
            case Undefined:
                return TemplateText.Empty;
            default:
                TextMaker maker = new(rendering);
                Write(rendering, maker, value);
                return maker.ToText();
        }
    }

    internal static string Number(double value)
    {
        string text = value.ToString("R", CultureInfo.InvariantCulture);
        return double.IsFinite(value) && text.AsSpan().IndexOfAny('.', 'E') < 0 ? text + ".0" : text;
    }

    private static void Write(Rendering rendering, TextMaker maker, object? value)
    {
        rendering.Enter();
        rendering.Step();
        switch (value)
        {
            case null:
                maker.Add("None", isTrusted: true);
                break;
            case Undefined:
                maker.Add("Undefined", isTrusted: true);
                break;
            case bool flag:
                maker.Add(flag ? "True" : "False", isTrusted: true);
                break;
            case long number:
                maker.Add(number.ToString(CultureInfo.InvariantCulture), isTrusted: true);
                break;
            case double number:
                maker.Add(Number(number), isTrusted: true);
                break;
            case TemplateText text:
                WriteQuoted(maker, text);
                break;
            case TemplateList list:
                string close = !list.IsTuple ? "]" : list.Count == 1 ? ",)" : ")";
                WriteItems(rendering, maker, list.IsTuple ? "(" : "[", close, list, item => Write(rendering, maker, item));
                break;
            case TemplateMap map:
                WriteItems(rendering, maker, "{", "}", map.Items, item =>
                {
                    WriteQuoted(maker, map.Key(item.Key));
                    maker.Add(": ", isTrusted: true);
                    Write(rendering, maker, item.Value);
                });
                break;
            default:
                maker.Add($"<{Kind(value)}>", isTrusted: true);
                break;
        }

        rendering.Leave();
    }

    private static void WriteItems<T>(Rendering rendering, TextMaker maker, string open, string close, IEnumerable<T> items, Action<T> write)
    {
        maker.Add(open, isTrusted: true);
        bool isFirst = true;
        foreach (T item in items)
        {
            rendering.Step();
            maker.Add(isFirst ? "" : ", ", isTrusted: true);
            isFirst = false;
            write(item);
        }

        maker.Add(close, isTrusted: true);
    }

    private static void WriteQuoted(TextMaker maker, TemplateText text)
    {
        string quote = text.Value.Contains('\'', StringComparison.Ordinal) && !text.Value.Contains('"', StringComparison.Ordinal) ? "\"" : "'";
        maker.Add(quote, isTrusted: true);
        for (int i = 0; i < text.Length; i++)
        {
            string letter = text.Value[i] switch
            {
                '\\' => "\\\\",
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                char other when other == quote[0] => "\\" + other,
                char other => other.ToString(),
            };
            maker.Add(letter, text.IsTrusted(i));
        }

        maker.Add(quote, isTrusted: true);
    }
}
