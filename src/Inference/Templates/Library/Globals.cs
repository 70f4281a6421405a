using System.Globalization;
using System.Text;
using Halo.Inference.Templates.Values;

namespace Halo.Inference.Templates.Library;

/// <summary>The functions that every template may call.</summary>
internal static class Globals
{
    internal static void Define(Scope scope)
    {
        Define(scope, "raise_exception", Refuse);
        Define(scope, "strftime_now", (rendering, arguments) => new TemplateText(Format(rendering.Now, arguments.Text(0, "format").Value), isTrusted: true));
        Define(scope, "range", Range);
        Define(scope, "namespace", MakeNamespace);
        Define(scope, "dict", (_, arguments) => MakeMap(arguments));
    }

    private static void Define(Scope scope, string name, Func<Rendering, CallArguments, object?> function) =>
        scope.Set(name, new TemplateFunction(name, function));

    private static object? Refuse(Rendering rendering, CallArguments arguments)
    {
        string reason = ValueText.Print(rendering, arguments.Get(0, "message", TemplateText.Empty)).Value;
        throw new TemplateException($"the template refuses the conversation: {reason}") { IsRefusal = true };
    }

    private static TemplateList Range(Rendering rendering, CallArguments arguments)
    {
        bool hasStart = arguments.Positional.Count > 1;
        long start = hasStart ? arguments.Integer(0, "start", 0) : 0;
        long stop = arguments.Integer(hasStart ? 1 : 0, "stop", 0);
        long step = arguments.Integer(2, "step", 1);
        if (step == 0)
        {
            throw new TemplateException("'range' has step 0.");
        }

        Int128 distance = (Int128)stop - start;
        Int128 count = step > 0 ? (distance + step - 1) / step : (distance + step + 1) / step;
        rendering.Step((long)Int128.Clamp(count, 0, long.MaxValue));
        TemplateList numbers = [];
        for (long i = 0; i < count; i++)
        {
            numbers.Add(start + (i * step));
        }

        return numbers;
    }

    private static TemplateNamespace MakeNamespace(Rendering rendering, CallArguments arguments)
    {
        TemplateNamespace space = new();
        if (arguments.Positional is [TemplateMap map, ..])
        {
            foreach ((string name, object? value) in map.Items)
            {
                space.Attributes[name] = value;
            }
        }

        foreach ((string name, object? value) in arguments.Named)
        {
            space.Attributes[name] = value;
        }

        return space;
    }

    private static TemplateMap MakeMap(CallArguments arguments)
    {
        TemplateMap map = new(isTrusted: true);
        foreach ((string name, object? value) in arguments.Named)
        {
            map.Items[name] = value;
        }

        return map;
    }

    private static string Format(DateTimeOffset now, string format)
    {
        StringBuilder text = new();
        for (int at = 0; at < format.Length; at++)
        {
            if (format[at] != '%' || at + 1 == format.Length)
            {
                text.Append(format[at]);
                continue;
            }

            char kind = format[++at];
            if (kind == '-' && at + 1 < format.Length)
            {
                text.Append(Field(now, format[++at]).TrimStart('0').PadLeft(1, '0')); // without leading zeros
            }
            else
            {
                text.Append(Field(now, kind));
            }
        }

        return text.ToString();
    }

    private static string Field(DateTimeOffset now, char kind)
    {
        string? pattern = kind switch
        {
            'Y' => "yyyy",
            'y' => "yy",
            'm' => "MM",
            'd' => "dd",
            'e' => "%d",
            'B' => "MMMM",
            'b' or 'h' => "MMM",
            'A' => "dddd",
            'a' => "ddd",
            'H' => "HH",
            'I' => "hh",
            'M' => "mm",
            'S' => "ss",
            'p' => "tt",
            'F' => "yyyy-MM-dd",
            'T' => "HH:mm:ss",
            'D' => "MM/dd/yy",
            _ => null,
        };
        return pattern is not null ? now.ToString(pattern, CultureInfo.InvariantCulture) : kind switch
        {
            'j' => now.DayOfYear.ToString("000", CultureInfo.InvariantCulture),
            '%' => "%",
            _ => throw new TemplateException($"the date field '%{kind}' is not supported."),
        };
    }
}
