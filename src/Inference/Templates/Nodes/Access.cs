using Halo.Inference.Templates.Library;
using Halo.Inference.Templates.Values;

namespace Halo.Inference.Templates.Nodes;

/// <summary><c>a.b</c>: a method first, then what is stored under the name.</summary>
internal sealed record Attribute(Expression Owner, string Name) : Expression
{
    protected override object? Compute(Scope scope)
    {
        object? owner = Owner.Evaluate(scope);
        return owner switch
        {
            Undefined undefined => throw new TemplateException($"'{undefined.Name}' is undefined, so it has no '{Name}'."),
            LoopState loop => loop.Attribute(Name),
            TemplateNamespace space => space.Attributes.TryGetValue(Name, out object? value) ? value : new Undefined(Name),
            TemplateMap map => MapMethods.Find(map, Name) ?? Stored(map, Name),
            TemplateText text => TextMethods.Find(text, Name) ?? (object)new Undefined(Name),
            TemplateList list => ListMethods.Find(list, Name) ?? (object)new Undefined(Name),
            _ => new Undefined(Name),
        };
    }

    internal static object? Stored(TemplateMap map, string name) => map.Items.TryGetValue(name, out object? value) ? value : new Undefined(name);
}

/// <summary><c>a[b]</c>.</summary>
internal sealed record Element(Expression Owner, Expression Index) : Expression
{
    protected override object? Compute(Scope scope)
    {
        object? owner = Owner.Evaluate(scope);
        object? index = Index.Evaluate(scope);
        return (owner, index) switch
        {
            (Undefined undefined, _) => throw new TemplateException($"'{undefined.Name}' is undefined, so it has no elements."),
            (TemplateMap map, TemplateText key) => Attribute.Stored(map, key.Value) is Undefined missing ? MapMethods.Find(map, key.Value) ?? (object)missing : map.Items[key.Value],
            (TemplateNamespace space, TemplateText key) => space.Attributes.TryGetValue(key.Value, out object? value) ? value : new Undefined(key.Value),
            (LoopState loop, TemplateText key) => loop.Attribute(key.Value),
            (TemplateList list, long at) => At(list.Count, at) is var place and >= 0 ? list[place] : new Undefined($"element {at}"),
            (TemplateText text, long at) => At(text.Length, at) is var place and >= 0 ? text.Slice(place, 1) : new Undefined($"character {at}"),
            _ => new Undefined($"element of {ValueText.Kind(owner)}"),
        };
    }

    private static int At(int count, long index) => index >= -count && index < count ? (int)(index < 0 ? index + count : index) : -1;
}

/// <summary><c>a[from:to:step]</c>, ends left out as in Python.</summary>
internal sealed record Cut(Expression Owner, Expression? From, Expression? To, Expression? Step) : Expression
{
    protected override object? Compute(Scope scope)
    {
        object? owner = Owner.Evaluate(scope);
        int count = owner switch
        {
            TemplateText text => text.Length,
            TemplateList list => list.Count,
            Undefined undefined => throw new TemplateException($"'{undefined.Name}' is undefined, so it cannot be cut."),
            _ => -1,
        };
        if (count < 0)
        {
            return new Undefined($"part of {ValueText.Kind(owner)}");
        }

        long step = Number(Step, scope) ?? 1;
        if (step == 0)
        {
            throw new TemplateException("[from:to:step] has step 0.");
        }

        long from = Bound(Number(From, scope), step > 0 ? 0 : count - 1, count, step);
        long to = Bound(Number(To, scope), step > 0 ? count : -1, count, step);
        if (owner is TemplateText whole && step == 1)
        {
            return whole.Slice((int)from, (int)Math.Max(0, to - from));
        }

        TextMaker maker = new(scope.Rendering);
        TemplateList picked = [];
        for (long at = from; step > 0 ? at < to : at > to; at += step)
        {
            scope.Rendering.Step();
            if (owner is TemplateText text)
            {
                maker.Add(text, (int)at, 1);
            }
            else
            {
                picked.Add(((TemplateList)owner!)[(int)at]);
            }
        }

        return owner is TemplateText ? maker.ToText() : picked;
    }

    private static long Bound(long? given, long fallback, long count, long step)
    {
        if (given is not { } index)
        {
            return fallback;
        }

        long lowest = step > 0 ? 0 : -1;
        long highest = step > 0 ? count : count - 1;
        return Math.Clamp(index < 0 ? Math.Max(index + count, -1) : index, lowest, highest);
    }

    private static long? Number(Expression? bound, Scope scope) => bound?.Evaluate(scope) switch
    {
        null => null,
        long number => Math.Clamp(number, int.MinValue, int.MaxValue),
        var other => throw new TemplateException($"[from:to] has {ValueText.Kind(other)} where a whole number must be."),
    };
}

/// <summary>The arguments written in a call.</summary>
internal sealed record ArgumentList(IReadOnlyList<Expression> Positional, IReadOnlyList<(string Name, Expression Value)> Named)
{
    internal static ArgumentList None { get; } = new([], []);

    internal CallArguments Evaluate(Scope scope, TemplateFunction? caller = null)
    {
        if (Positional.Count == 0 && Named.Count == 0 && caller is null)
        {
            return CallArguments.None;
        }

        Dictionary<string, object?> named = new(StringComparer.Ordinal);
        foreach ((string name, Expression value) in Named)
        {
            named[name] = value.Evaluate(scope);
        }

        if (caller is not null)
        {
            named["caller"] = caller;
        }

        return new CallArguments([.. Positional.Select(argument => argument.Evaluate(scope))], named);
    }
}

internal sealed record Call(Expression Function, ArgumentList Arguments) : Expression
{
    protected override object? Compute(Scope scope) => Invoke(scope, caller: null);

    internal object? Invoke(Scope scope, TemplateFunction? caller) => Function.Evaluate(scope) switch
    {
        TemplateFunction function => function.Invoke(scope.Rendering, Arguments.Evaluate(scope, caller)),
        Undefined undefined => throw new TemplateException($"'{undefined.Name}' is not known here, so it cannot be called."),
        var other => throw new TemplateException($"{ValueText.Kind(other)} cannot be called."),
    };
}

/// <summary><c>a | filter(b)</c>.</summary>
internal sealed record Filtered(Expression Operand, string Filter, ArgumentList Arguments) : Expression
{
    protected override object? Compute(Scope scope) => Filters.Apply(scope.Rendering, Filter, Operand.Evaluate(scope), Arguments.Evaluate(scope));
}

/// <summary><c>a is test(b)</c>.</summary>
internal sealed record Tested(Expression Operand, string Test, ArgumentList Arguments) : Expression
{
    protected override object? Compute(Scope scope) => Tests.Holds(scope.Rendering, Test, Operand.Evaluate(scope), Arguments.Evaluate(scope));
}
