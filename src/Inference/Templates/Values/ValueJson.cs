using System.Globalization;
using System.Text;

namespace Halo.Inference.Templates.Values;

/// <summary>Values as JSON, laid out as Python's <c>json.dumps</c> does with characters beyond ASCII left as they are. No character of it is trusted.</summary>
internal static class ValueJson
{
    /// <param name="rendering">Accounts for the text.</param>
    /// <param name="value">What is written.</param>
    /// <param name="indent">Spaces a level; null for all on one line.</param>
    internal static TemplateText Write(Rendering rendering, object? value, int? indent)
    {
        TextMaker maker = new(rendering);
        Write(rendering, maker, value, indent, level: 0);
        return maker.ToText();
    }

    private static void Write(Rendering rendering, TextMaker maker, object? value, int? indent, int level)
    {
        rendering.Enter();
        rendering.Step();
        switch (value)
        {
            case TemplateList list:
                WriteItems(rendering, maker, "[", "]", list, indent, level, item => Write(rendering, maker, item, indent, level + 1));
                break;
            case TemplateMap map:
                WriteItems(rendering, maker, "{", "}", map.Items, indent, level, item =>
                {
                    maker.Add(Quoted(item.Key), isTrusted: false).Add(": ", isTrusted: false);
                    Write(rendering, maker, item.Value, indent, level + 1);
                });
                break;
            default:
                maker.Add(Plain(value), isTrusted: false);
                break;
        }

        rendering.Leave();
    }

    private static void WriteItems<T>(
        Rendering rendering, TextMaker maker, string open, string close, IReadOnlyCollection<T> items, int? indent, int level, Action<T> write)
    {
        if (items.Count == 0)
        {
            maker.Add(open + close, isTrusted: false);
            return;
        }

        string separator = indent is null ? ", " : ",";
        bool isFirst = true;
        maker.Add(open, isTrusted: false);
        foreach (T item in items)
        {
            rendering.Step();
            maker.Add(isFirst ? "" : separator, isTrusted: false).Add(LineStart(indent, level + 1), isTrusted: false);
            isFirst = false;
            write(item);
        }

        maker.Add(LineStart(indent, level), isTrusted: false).Add(close, isTrusted: false);
    }

    private static string LineStart(int? indent, int level) => indent is { } width ? "\n" + new string(' ', width * level) : "";

    private static string Plain(object? value) => value switch
    {
        null => "null",
        bool flag => flag ? "true" : "false",
        long number => number.ToString(CultureInfo.InvariantCulture),
        double number => ValueText.Number(number),
        TemplateText text => Quoted(text.Value),
        _ => throw new TemplateException($"{ValueText.Kind(value)} cannot be written as JSON."),
    };

    private static string Quoted(string text)
    {
        StringBuilder quoted = new("\"", text.Length + 2);
        foreach (char letter in text)
        {
            _ = letter switch
            {
                '"' => quoted.Append("\\\""),
                '\\' => quoted.Append("\\\\"),
                '\n' => quoted.Append("\\n"),
                '\r' => quoted.Append("\\r"),
                '\t' => quoted.Append("\\t"),
                '\b' => quoted.Append("\\b"),
                '\f' => quoted.Append("\\f"),
                < ' ' => quoted.Append(CultureInfo.InvariantCulture, $"\\u{(int)letter:x4}"),
                _ => quoted.Append(letter),
            };
        }

        return quoted.Append('"').ToString();
    }
}
