using System.Collections.Frozen;
using System.Globalization;
using Halo.Inference.Templates.Values;

namespace Halo.Inference.Templates.Library;

/// <summary>What can stand after <c>|</c>.</summary>
internal static class Filters
{
    private const int MostIndent = 64;

    private static readonly FrozenDictionary<string, Func<Rendering, object?, CallArguments, object?>> s_filters =
        new Dictionary<string, Func<Rendering, object?, CallArguments, object?>>
        {
            ["trim"] = (rendering, value, arguments) => TextMethods.Strip(ValueText.Print(rendering, value), arguments, start: true, end: true),
            ["length"] = (_, value, _) => ValueLogic.Length(value),
            ["count"] = (_, value, _) => ValueLogic.Length(value),
            ["upper"] = (rendering, value, _) => TextFormat.Upper(rendering, ValueText.Print(rendering, value)),
            ["lower"] = (rendering, value, _) => TextFormat.Lower(rendering, ValueText.Print(rendering, value)),
            ["title"] = (rendering, value, _) => TextFormat.Title(rendering, ValueText.Print(rendering, value), before => char.IsWhiteSpace(before) || before is '-' or '(' or '{' or '[' or '<'),
            ["capitalize"] = (rendering, value, _) => TextFormat.Capitalized(rendering, ValueText.Print(rendering, value)),
            ["replace"] = (rendering, value, arguments) => TextCutting.Replace(
                rendering, ValueText.Print(rendering, value), arguments.Text(0, "old").Value, arguments.Text(1, "new"), arguments.Integer(2, "count", -1)),
            ["indent"] = Indent,
            ["format"] = (rendering, value, arguments) => TextFormat.Percent(rendering, ValueText.Print(rendering, value), [.. arguments.Positional]),
            ["string"] = (rendering, value, _) => ValueText.Print(rendering, value),
            ["safe"] = (rendering, value, _) => ValueText.Print(rendering, value),
            ["tojson"] = ToJson,
            ["int"] = (_, value, arguments) => ToInteger(value) ?? arguments.Get(0, "default", 0L),
            ["float"] = (_, value, arguments) => ToReal(value) ?? arguments.Get(0, "default", 0.0),
            ["abs"] = (_, value, _) => value switch { long number => (object)(number < 0 ? unchecked(-number) : number), double number => Math.Abs(number), _ => throw Wrong("abs", value) },
            ["round"] = (_, value, arguments) => ValueLogic.TryNumber(value, out double number)
                ? Math.Round(number, (int)Math.Clamp(arguments.Integer(0, "precision", 0), 0, 15)) : throw Wrong("round", value),
            ["default"] = Default,
            ["d"] = Default,
            ["items"] = (rendering, value, _) => value switch
            {
                TemplateMap map => MapMethods.Items(rendering, map),
                Undefined => new TemplateList(),
                _ => throw Wrong("items", value),
            },
            ["bool"] = (_, value, _) => ValueLogic.IsTrue(value),
        }.Concat(ListFilters.All).ToFrozenDictionary(StringComparer.Ordinal);

    internal static object? Apply(Rendering rendering, string name, object? value, CallArguments arguments) => s_filters.TryGetValue(name, out var filter)
        ? filter(rendering, value, arguments)
        : throw new TemplateException($"the filter '{name}' is not known.");

    internal static TemplateException Wrong(string filter, object? value) => new($"the filter '{filter}' cannot take {ValueText.Kind(value)}.");

    // With a true second argument it also replaces what is empty.
    private static object? Default(Rendering rendering, object? value, CallArguments arguments) =>
        value is Undefined || (ValueLogic.IsTrue(arguments.Get(1, "boolean", false)) && !ValueLogic.IsTrue(value))
            ? arguments.Get(0, "default_value", TemplateText.Empty)
            : value;

    private static TemplateText Indent(Rendering rendering, object? value, CallArguments arguments)
    {
        TemplateText blanks = arguments.Get(0, "width", 4L) as TemplateText
            ?? new TemplateText(new string(' ', Width(arguments.Integer(0, "width", 4))), isTrusted: true);
        return TextFormat.Indent(
            rendering,
            ValueText.Print(rendering, value),
            blanks,
            ValueLogic.IsTrue(arguments.Get(1, "first", false)),
            ValueLogic.IsTrue(arguments.Get(2, "blank", false)));
    }

    private static TemplateText ToJson(Rendering rendering, object? value, CallArguments arguments)
    {
        // Published templates name it; a place of its own it has in one of the two dialects only.
        bool hasIndent = arguments.Get(0, "indent") is not null;
        return ValueJson.Write(rendering, value, hasIndent ? Width(arguments.Integer(0, "indent", 0)) : null);
    }

    private static int Width(long width) =>
        width is >= 0 and <= MostIndent ? (int)width : throw new TemplateException($"an indent of {width} blanks is outside 0 to {MostIndent}.");

    private static object? ToInteger(object? value) => value switch
    {
        long or bool => Convert.ToInt64(value, CultureInfo.InvariantCulture),
        double number => Math.Abs(number) < 9e18 ? (long)number : null,
        TemplateText text => long.TryParse(text.Value, NumberStyles.Integer, CultureInfo.InvariantCulture, out long number) ? number
            : ToReal(value) is double real ? ToInteger(real) : null,
        _ => null,
    };

    private static object? ToReal(object? value) => value switch
    {
        TemplateText text => double.TryParse(text.Value, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) ? number : null,
        _ => ValueLogic.TryNumber(value, out double other) ? other : null,
    };
}
