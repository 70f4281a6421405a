using Halo.Inference.Templates.Values;

namespace Halo.Inference.Templates.Nodes;

internal sealed record For(int Line, Targets Targets, Expression Items, Expression? Condition, Block Body, Block? Else) : Statement(Line)
{
    protected override Flow Execute(Scope scope)
    {
        TemplateList items = ValueLogic.Elements(scope.Rendering, Items.Evaluate(scope));
        if (Condition is not null)
        {
            items = new TemplateList(items.Where(item => Passes(scope, item)));
        }

        if (items.Count == 0)
        {
            return Else?.Run(scope) ?? Flow.Next;
        }

        LoopState loop = new(items, scope.LoopDepth + 1);
        for (; loop.Index < items.Count; loop.Index++)
        {
            Scope inner = scope.Inner(isLoop: true);
            inner.Set("loop", loop);
            Targets.Set(inner, items[loop.Index]);
            if (Body.Run(inner) == Flow.Break)
            {
                break;
            }
        }

        return Flow.Next;
    }

    private bool Passes(Scope scope, object? item)
    {
        Scope inner = scope.Inner();
        Targets.Set(inner, item);
        return ValueLogic.IsTrue(Condition!.Evaluate(inner));
    }
}

/// <summary>A macro's parameters with what they are where nothing is given.</summary>
internal sealed record Signature(IReadOnlyList<(string Name, Expression? Fallback)> Parameters)
{
    internal TemplateFunction Bind(string name, Scope scope, Block body) => new(name, (rendering, arguments) =>
    {
        if (arguments.Positional.Count > Parameters.Count)
        {
            throw new TemplateException($"'{name}' takes {Parameters.Count} arguments and got {arguments.Positional.Count}.");
        }

        TextMaker maker = new(rendering);
        Scope inner = scope.Inner(maker);
        for (int i = 0; i < Parameters.Count; i++)
        {
            (string parameter, Expression? fallback) = Parameters[i];
            inner.Set(parameter, arguments.Has(i, parameter) ? arguments.Get(i, parameter) : fallback?.Evaluate(inner) ?? (fallback is null ? new Undefined(parameter) : null));
        }

        inner.Set("caller", arguments.Named.TryGetValue("caller", out object? caller) ? caller : new Undefined("caller"));
        body.Run(inner);
        return maker.ToText();
    });
}

internal sealed record Macro(int Line, string Name, Signature Signature, Block Body) : Statement(Line)
{
    protected override Flow Execute(Scope scope)
    {
        scope.Set(Name, Signature.Bind(Name, scope, Body));
        return Flow.Next;
    }
}

/// <summary><c>call macro(…)</c> … <c>endcall</c>: the macro's <c>caller()</c> writes the block.</summary>
internal sealed record CallBlock(int Line, Signature Signature, Call Call, Block Body) : Statement(Line)
{
    protected override Flow Execute(Scope scope)
    {
        object? value = Call.Invoke(scope, Signature.Bind("caller", scope, Body));
        scope.Output.Add(ValueText.Print(scope.Rendering, value));
        return Flow.Next;
    }
}
