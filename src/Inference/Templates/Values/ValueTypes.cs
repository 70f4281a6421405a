namespace Halo.Inference.Templates.Values;

// A value of a template is null (none), Undefined, bool, long, double, TemplateText, TemplateList, TemplateMap, TemplateNamespace, LoopState or a
// TemplateFunction.

/// <summary>What a name stands for that nothing was given to: empty and false, but not to be computed with.</summary>
internal sealed record Undefined(string Name);

/// <summary>A list or a tuple.</summary>
internal sealed class TemplateList : List<object?>
{
    internal TemplateList()
    {
    }

    internal TemplateList(IEnumerable<object?> items)
        : base(items)
    {
    }

    /// <summary>Whether it is a tuple, which is printed in round brackets.</summary>
    internal bool IsTuple { get; init; }
}

/// <summary>A mapping in the order in which it was filled.</summary>
internal sealed class TemplateMap
{
    private readonly OrderedDictionary<string, object?> _items = new(StringComparer.Ordinal);

    /// <param name="isTrusted">Whether the template wrote the keys.</param>
    internal TemplateMap(bool isTrusted) => IsTrusted = isTrusted;

    internal bool IsTrusted { get; }

    internal OrderedDictionary<string, object?> Items => _items;

    internal TemplateText Key(string key) => new(key, IsTrusted);
}

/// <summary>What <c>namespace()</c> makes: its attributes may be set from within loops.</summary>
internal sealed class TemplateNamespace
{
    internal Dictionary<string, object?> Attributes { get; } = new(StringComparer.Ordinal);
}

/// <summary>The variable <c>loop</c>.</summary>
internal sealed class LoopState(TemplateList items, int depth)
{
    internal int Index { get; set; } // from 0

    internal object? Attribute(string name) => name switch
    {
        "index" => Index + 1L,
        "index0" => (long)Index,
        "revindex" => (long)(items.Count - Index),
        "revindex0" => items.Count - Index - 1L,
        "first" => Index == 0,
        "last" => Index == items.Count - 1,
        "length" => (long)items.Count,
        "depth" => (long)depth,
        "depth0" => depth - 1L,
        "previtem" => Index > 0 ? items[Index - 1] : new Undefined("loop.previtem"),
        "nextitem" => Index < items.Count - 1 ? items[Index + 1] : new Undefined("loop.nextitem"),
        "cycle" => new TemplateFunction("cycle", (_, arguments) => arguments.Positional[Index % arguments.Positional.Count]),
        _ => new Undefined($"loop.{name}"),
    };
}

/// <summary>Something that can be called.</summary>
internal sealed record TemplateFunction(string Name, Func<Rendering, CallArguments, object?> Invoke);
