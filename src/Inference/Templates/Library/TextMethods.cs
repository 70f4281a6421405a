using Halo.Inference.Templates.Values;

namespace Halo.Inference.Templates.Library;

/// <summary>Methods of strings, as Python has them.</summary>
internal static class TextMethods
{
    internal static TemplateFunction? Find(TemplateText text, string name)
    {
        Func<Rendering, CallArguments, object?>? method = name switch
        {
            "strip" => (_, arguments) => Strip(text, arguments, start: true, end: true),
            "lstrip" => (_, arguments) => Strip(text, arguments, start: true, end: false),
            "rstrip" => (_, arguments) => Strip(text, arguments, start: false, end: true),
            "split" => (rendering, arguments) => TextCutting.Split(rendering, text, arguments, fromEnd: false),
            "rsplit" => (rendering, arguments) => TextCutting.Split(rendering, text, arguments, fromEnd: true),
            "splitlines" => (rendering, _) => TextCutting.Lines(rendering, text),
            "startswith" => (_, arguments) => Begins(text, arguments, (whole, part) => whole.StartsWith(part, StringComparison.Ordinal)),
            "endswith" => (_, arguments) => Begins(text, arguments, (whole, part) => whole.EndsWith(part, StringComparison.Ordinal)),
            "removeprefix" => (_, arguments) => arguments.Text(0, "prefix").Value is var prefix && text.Value.StartsWith(prefix, StringComparison.Ordinal)
                ? text.Slice(prefix.Length, text.Length - prefix.Length) : text,
            "removesuffix" => (_, arguments) => arguments.Text(0, "suffix").Value is var suffix && text.Value.EndsWith(suffix, StringComparison.Ordinal)
                ? text.Slice(0, text.Length - suffix.Length) : text,
            "upper" => (rendering, _) => TextFormat.Upper(rendering, text),
            "lower" => (rendering, _) => TextFormat.Lower(rendering, text),
            "title" => (rendering, _) => TextFormat.Title(rendering, text, before => !char.IsLetter(before)),
            "capitalize" => (rendering, _) => TextFormat.Capitalized(rendering, text),
            "replace" => (rendering, arguments) => TextCutting.Replace(
                rendering, text, arguments.Text(0, "old").Value, arguments.Text(1, "new"), arguments.Integer(2, "count", -1)),
            "find" => (_, arguments) => (long)text.Value.IndexOf(arguments.Text(0, "sub").Value, StringComparison.Ordinal),
            "rfind" => (_, arguments) => (long)text.Value.LastIndexOf(arguments.Text(0, "sub").Value, StringComparison.Ordinal),
            "count" => (_, arguments) => Count(text.Value, arguments.Text(0, "sub").Value),
            "join" => (rendering, arguments) => TextFormat.Join(rendering, ValueLogic.Elements(rendering, arguments.Require(0, "items")), text),
            "format" => (rendering, arguments) => TextFormat.Braces(rendering, text, arguments),
            "isdigit" => (_, _) => text.Length > 0 && text.Value.All(char.IsDigit),
            "isspace" => (_, _) => text.Length > 0 && text.Value.All(char.IsWhiteSpace),
            "isalpha" => (_, _) => text.Length > 0 && text.Value.All(char.IsLetter),
            "isupper" => (_, _) => text.Value.Any(char.IsUpper) && !text.Value.Any(char.IsLower),
            "islower" => (_, _) => text.Value.Any(char.IsLower) && !text.Value.Any(char.IsUpper),
            _ => null,
        };
        return method is null ? null : new TemplateFunction(name, method);
    }

    internal static TemplateText Strip(TemplateText text, CallArguments arguments, bool start, bool end)
    {
        string? letters = (arguments.Get(0, "chars") as TemplateText)?.Value;
        bool Goes(char letter) => letters is null ? char.IsWhiteSpace(letter) : letters.Contains(letter, StringComparison.Ordinal);
        int first = 0;
        int last = text.Length;
        while (start && first < last && Goes(text.Value[first]))
        {
            first++;
        }

        while (end && last > first && Goes(text.Value[last - 1]))
        {
            last--;
        }

        return text.Slice(first, last - first);
    }

    // The argument may be a tuple of several.
    private static bool Begins(TemplateText text, CallArguments arguments, Func<string, string, bool> holds) => arguments.Require(0, "prefix") switch
    {
        TemplateText part => holds(text.Value, part.Value),
        TemplateList parts => parts.OfType<TemplateText>().Any(part => holds(text.Value, part.Value)),
        var other => throw new TemplateException($"a string begins and ends with strings, not {ValueText.Kind(other)}."),
    };

    private static long Count(string text, string part)
    {
        if (part.Length == 0)
        {
            return text.Length + 1L;
        }

        long count = 0;
        for (int at = 0; (at = text.IndexOf(part, at, StringComparison.Ordinal)) >= 0; at += part.Length)
        {
            count++;
        }

        return count;
    }
}
