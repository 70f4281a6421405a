namespace Halo.Inference.Templates.Values;

/// <summary>The arguments of a call, a filter or a test.</summary>
internal sealed class CallArguments(IReadOnlyList<object?> positional, IReadOnlyDictionary<string, object?> named)
{
    internal static CallArguments None { get; } = new([], new Dictionary<string, object?>());

    internal IReadOnlyList<object?> Positional => positional;

    internal IReadOnlyDictionary<string, object?> Named => named;

    internal bool Has(int place, string name) => place < positional.Count || named.ContainsKey(name);

    /// <summary>The argument at a place or of a name; the fallback without it.</summary>
    internal object? Get(int place, string name, object? fallback = null) =>
        place < positional.Count ? positional[place] : named.TryGetValue(name, out object? value) ? value : fallback;

    internal object? Require(int place, string name) => Has(place, name)
        ? Get(place, name)
        : throw new TemplateException($"the argument '{name}' is missing.");

    internal TemplateText Text(int place, string name) => Require(place, name) is TemplateText text
        ? text
        : throw new TemplateException($"the argument '{name}' is {ValueText.Kind(Get(place, name))}; it must be a string.");

    internal long Integer(int place, string name, long fallback) => Get(place, name, fallback) switch
    {
        long number => number,
        bool flag => flag ? 1 : 0,
        _ => throw new TemplateException($"the argument '{name}' is {ValueText.Kind(Get(place, name))}; it must be a whole number."),
    };
}
