using Halo.Inference.Templates.Values;
using Attribute = Halo.Inference.Templates.Nodes.Attribute;

namespace Halo.Inference.Templates.Library;

/// <summary>Filters that take a list, or give one.</summary>
internal static class ListFilters
{
    internal static Dictionary<string, Func<Rendering, object?, CallArguments, object?>> All { get; } = new()
    {
        ["list"] = (rendering, value, _) => ValueLogic.Elements(rendering, value),
        ["first"] = (rendering, value, _) => ValueLogic.Elements(rendering, value) is [var first, ..] ? first : new Undefined("the first of nothing"),
        ["last"] = (rendering, value, _) => ValueLogic.Elements(rendering, value) is [.., var last] ? last : new Undefined("the last of nothing"),
        ["join"] = Join,
        ["map"] = Map,
        ["select"] = (rendering, value, arguments) => Chosen(rendering, value, arguments, byAttribute: false, wanted: true),
        ["reject"] = (rendering, value, arguments) => Chosen(rendering, value, arguments, byAttribute: false, wanted: false),
        ["selectattr"] = (rendering, value, arguments) => Chosen(rendering, value, arguments, byAttribute: true, wanted: true),
        ["rejectattr"] = (rendering, value, arguments) => Chosen(rendering, value, arguments, byAttribute: true, wanted: false),
        ["unique"] = Unique,
        ["reverse"] = Reverse,
        ["sort"] = Sort,
        ["dictsort"] = (rendering, value, _) => value is TemplateMap map
            ? new TemplateList(MapMethods.Items(rendering, map).OrderBy(item => ((TemplateText)((TemplateList)item!)[0]!).Value, StringComparer.OrdinalIgnoreCase))
            : throw Filters.Wrong("dictsort", value),
        ["sum"] = (rendering, value, arguments) => ValueLogic.Elements(rendering, value)
            .Aggregate(arguments.Get(1, "start", 0L), (sum, item) => Added(sum, arguments.Get(0, "attribute") is TemplateText name ? Part(item, name.Value) : item)),
        ["min"] = (rendering, value, _) => Outermost(rendering, value, sign: -1),
        ["max"] = (rendering, value, _) => Outermost(rendering, value, sign: 1),
    };

    private static TemplateText Join(Rendering rendering, object? value, CallArguments arguments)
    {
        TemplateList items = ValueLogic.Elements(rendering, value);
        if (arguments.Get(1, "attribute") is TemplateText name)
        {
            items = new TemplateList(items.Select(item => Part(item, name.Value)));
        }

        return TextFormat.Join(rendering, items, arguments.Has(0, "d") ? arguments.Text(0, "d") : TemplateText.Empty);
    }

    // By attribute, with a fallback for those that lack it, or by a filter with its arguments.
    private static TemplateList Map(Rendering rendering, object? value, CallArguments arguments)
    {
        TemplateList items = ValueLogic.Elements(rendering, value);
        if (arguments.Named.TryGetValue("attribute", out object? attribute) && attribute is TemplateText name)
        {
            bool hasFallback = arguments.Named.TryGetValue("default", out object? fallback);
            return new TemplateList(items.Select(item => Part(item, name.Value) is var part && part is Undefined && hasFallback ? fallback : part));
        }

        string filter = arguments.Text(0, "filter").Value;
        CallArguments rest = new([.. arguments.Positional.Skip(1)], arguments.Named);
        return new TemplateList(items.Select(item => Filters.Apply(rendering, filter, item, rest)));
    }

    // Without a test what is true is chosen.
    private static TemplateList Chosen(Rendering rendering, object? value, CallArguments arguments, bool byAttribute, bool wanted)
    {
        int place = byAttribute ? 1 : 0;
        string? name = byAttribute ? arguments.Text(0, "attribute").Value : null;
        string? test = arguments.Has(place, "test") ? arguments.Text(place, "test").Value : null;
        CallArguments rest = new([.. arguments.Positional.Skip(place + 1)], arguments.Named);
        return new TemplateList(ValueLogic.Elements(rendering, value).Where(item =>
        {
            object? part = name is null ? item : Part(item, name);
            return wanted == (test is null ? ValueLogic.IsTrue(part) : Tests.Holds(rendering, test switch { "==" => "eq", "!=" => "ne", _ => test }, part, rest));
        }));
    }

    private static TemplateList Unique(Rendering rendering, object? value, CallArguments arguments)
    {
        TemplateList kept = [];
        foreach (object? item in ValueLogic.Elements(rendering, value))
        {
            if (!kept.Exists(other => ValueLogic.AreEqual(rendering, other, item)))
            {
                kept.Add(item);
            }
        }

        return kept;
    }

    private static object Reverse(Rendering rendering, object? value, CallArguments arguments)
    {
        TemplateList items = ValueLogic.Elements(rendering, value);
        items.Reverse();
        return value is TemplateText ? TextFormat.Join(rendering, items, TemplateText.Empty) : items;
    }

    private static TemplateList Sort(Rendering rendering, object? value, CallArguments arguments)
    {
        string? name = (arguments.Named.GetValueOrDefault("attribute") as TemplateText)?.Value;
        TemplateList items = ValueLogic.Elements(rendering, value);
        Comparer<object?> order = Comparer<object?>.Create((a, b) =>
        {
            rendering.Step();
            return ValueLogic.Compare(Folded(a), Folded(b));
        });
        IEnumerable<object?> sorted = items.OrderBy(item => name is null ? item : Part(item, name), order);
        return new TemplateList(ValueLogic.IsTrue(arguments.Get(0, "reverse", false)) ? sorted.Reverse() : sorted);
    }

    // Upper and lower case are alike for 'sort'.
    private static object? Folded(object? value) => value is TemplateText text ? new TemplateText(text.Value.ToLowerInvariant(), isTrusted: false) : value;

    private static object? Outermost(Rendering rendering, object? value, int sign) => ValueLogic.Elements(rendering, value) is { Count: > 0 } items
        ? items.Aggregate((best, item) => ValueLogic.Compare(item, best) * sign > 0 ? item : best)
        : new Undefined("an outermost of nothing");

    private static object Added(object? sum, object? item) => (sum, item) switch
    {
        (long a, long b) => (object)unchecked(a + b),
        _ when ValueLogic.TryNumber(sum, out double a) && ValueLogic.TryNumber(item, out double b) => a + b,
        _ => throw Filters.Wrong("sum", item),
    };

    // "a.b" is the part b of the part a.
    private static object? Part(object? item, string name)
    {
        foreach (string step in name.Split('.'))
        {
            item = item is TemplateMap map ? Attribute.Stored(map, step) : new Undefined(name);
        }

        return item;
    }
}
