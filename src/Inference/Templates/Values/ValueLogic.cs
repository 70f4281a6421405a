namespace Halo.Inference.Templates.Values;

/// <summary>What holds of values: truth, equality, order, membership; and what they consist of.</summary>
internal static class ValueLogic
{
    internal static bool IsTrue(object? value) => value switch
    {
        null or Undefined => false,
        bool flag => flag,
        long number => number != 0,
        double number => number != 0,
        TemplateText text => text.Length > 0,
        TemplateList list => list.Count > 0,
        TemplateMap map => map.Items.Count > 0,
        _ => true,
    };

    internal static bool AreEqual(Rendering rendering, object? a, object? b)
    {
        rendering.Enter();
        rendering.Step();
        bool equal = (a, b) switch
        {
            (null, null) or (Undefined, Undefined) => true,
            (TemplateText x, TemplateText y) => x.Value == y.Value,
            (TemplateList x, TemplateList y) => ReferenceEquals(x, y) || (x.Count == y.Count && x.Zip(y).All(pair => AreEqual(rendering, pair.First, pair.Second))),
            (TemplateMap x, TemplateMap y) => ReferenceEquals(x, y) || (x.Items.Count == y.Items.Count
                && x.Items.All(item => y.Items.TryGetValue(item.Key, out object? other) && AreEqual(rendering, item.Value, other))),
            _ when TryNumber(a, out double x) && TryNumber(b, out double y) => x == y,
            _ => ReferenceEquals(a, b),
        };
        rendering.Leave();
        return equal;
    }

    /// <summary>Below 0 where a comes first, as compared by Python: numbers by size, texts by code point.</summary>
    internal static int Compare(object? a, object? b)
    {
        if (a is TemplateText x && b is TemplateText y)
        {
            return string.CompareOrdinal(x.Value, y.Value);
        }

        return TryNumber(a, out double left) && TryNumber(b, out double right)
            ? left.CompareTo(right)
            : throw new TemplateException($"{ValueText.Kind(a)} and {ValueText.Kind(b)} cannot be put in order.");
    }

    internal static bool Contains(Rendering rendering, object? container, object? item) => container switch
    {
        TemplateText text => item is TemplateText part
            ? text.Value.Contains(part.Value, StringComparison.Ordinal)
            : throw new TemplateException($"a string holds strings, not {ValueText.Kind(item)}."),
        TemplateMap map => item is TemplateText key && map.Items.ContainsKey(key.Value),
        TemplateList list => list.Exists(other => AreEqual(rendering, other, item)),
        Undefined => false,
        _ => throw new TemplateException($"{ValueText.Kind(container)} holds nothing that could be looked for with 'in'."),
    };

    internal static long Length(object? value) => value switch
    {
        TemplateText text => text.Length - text.Value.Count(char.IsLowSurrogate),
        TemplateList list => list.Count,
        TemplateMap map => map.Items.Count,
        Undefined => 0,
        _ => throw new TemplateException($"{ValueText.Kind(value)} has no length."),
    };

    /// <summary>The elements of a list, the keys of a mapping, the characters of a string.</summary>
    internal static TemplateList Elements(Rendering rendering, object? value)
    {
        switch (value)
        {
            case TemplateList list:
                rendering.Step(list.Count);
                return new TemplateList(list);
            case TemplateMap map:
                rendering.Step(map.Items.Count);
                return new TemplateList(map.Items.Keys.Select(map.Key));
            case TemplateText text:
                rendering.Step(text.Length);
                return new TemplateList(Characters(text));
            case Undefined:
                return [];
            default:
                throw new TemplateException($"{ValueText.Kind(value)} has no elements to go through.");
        }
    }

    internal static bool TryNumber(object? value, out double number)
    {
        number = value switch { long whole => whole, double real => real, bool flag => flag ? 1 : 0, _ => 0 };
        return value is long or double or bool;
    }

    private static IEnumerable<TemplateText> Characters(TemplateText text)
    {
        for (int at = 0; at < text.Length;)
        {
            int length = at + 1 < text.Length && char.IsSurrogatePair(text.Value, at) ? 2 : 1;
            yield return text.Slice(at, length);
            at += length;
        }
    }
}
