using Halo.Inference.Templates.Library;
using Halo.Inference.Templates.Values;

namespace Halo.Inference.Templates.Nodes;

/// <summary>How a statement ended.</summary>
internal enum Flow
{
    Next,
    Break,
    Continue,
}

/// <summary>Something that writes, sets, or decides what does.</summary>
/// <param name="Line">Of the template, from 1.</param>
internal abstract record Statement(int Line)
{
    internal Flow Run(Scope scope)
    {
        scope.Rendering.Step();
        scope.Rendering.Enter();
        try
        {
            Flow flow = Execute(scope);
            scope.Rendering.Leave();
            return flow;
        }
        catch (TemplateException fault) when (fault.Line == 0)
        {
            throw new TemplateException(fault.Fault, Line) { IsRefusal = fault.IsRefusal };
        }
    }

    protected abstract Flow Execute(Scope scope);
}

internal sealed record Block(int Line, IReadOnlyList<Statement> Statements) : Statement(Line)
{
    protected override Flow Execute(Scope scope)
    {
        foreach (Statement statement in Statements)
        {
            Flow flow = statement.Run(scope);
            if (flow != Flow.Next)
            {
                return flow;
            }
        }

        return Flow.Next;
    }
}

internal sealed record PlainText(int Line, string Text) : Statement(Line)
{
    protected override Flow Execute(Scope scope)
    {
        scope.Output.Add(Text, isTrusted: true);
        return Flow.Next;
    }
}

internal sealed record Output(int Line, Expression Value) : Statement(Line)
{
    protected override Flow Execute(Scope scope)
    {
        scope.Output.Add(ValueText.Print(scope.Rendering, Value.Evaluate(scope)));
        return Flow.Next;
    }
}

internal sealed record If(int Line, IReadOnlyList<(Expression Condition, Block Body)> Branches, Block? Else) : Statement(Line)
{
    protected override Flow Execute(Scope scope)
    {
        foreach ((Expression condition, Block body) in Branches)
        {
            if (ValueLogic.IsTrue(condition.Evaluate(scope)))
            {
                return body.Run(scope);
            }
        }

        return Else?.Run(scope) ?? Flow.Next;
    }
}

internal sealed record Jump(int Line, Flow Flow) : Statement(Line)
{
    protected override Flow Execute(Scope scope) => Flow;
}

/// <summary>Names that a value is given to: one, or several for its elements.</summary>
internal sealed record Targets(IReadOnlyList<string> Names)
{
    internal void Set(Scope scope, object? value)
    {
        if (Names.Count == 1)
        {
            scope.Set(Names[0], value);
            return;
        }

        TemplateList parts = ValueLogic.Elements(scope.Rendering, value);
        if (parts.Count != Names.Count)
        {
            throw new TemplateException($"{parts.Count} values cannot be given to the {Names.Count} names {string.Join(", ", Names)}.");
        }

        for (int i = 0; i < parts.Count; i++)
        {
            scope.Set(Names[i], parts[i]);
        }
    }
}

internal sealed record Assignment(int Line, Targets Targets, Expression Value) : Statement(Line)
{
    protected override Flow Execute(Scope scope)
    {
        Targets.Set(scope, Value.Evaluate(scope));
        return Flow.Next;
    }
}

/// <summary><c>set a.b = …</c>, for a namespace.</summary>
internal sealed record AttributeAssignment(int Line, string Owner, string Attribute, Expression Value) : Statement(Line)
{
    protected override Flow Execute(Scope scope)
    {
        object? value = Value.Evaluate(scope);
        TemplateNamespace space = scope.Find(Owner) as TemplateNamespace ?? throw new TemplateException($"'{Owner}' is no namespace, so '{Owner}.{Attribute}' cannot be set.");
        space.Attributes[Attribute] = value;
        return Flow.Next;
    }
}

/// <summary>A block whose output goes to a name (<c>set a</c> … <c>endset</c>), or through filters to the output (<c>filter</c>, then the name is null).</summary>
internal sealed record Captured(int Line, string? Name, IReadOnlyList<(string Filter, ArgumentList Arguments)> Chain, Block Body) : Statement(Line)
{
    protected override Flow Execute(Scope scope)
    {
        TextMaker maker = new(scope.Rendering);
        Flow flow = Body.Run(scope.Inner(maker));
        object? value = maker.ToText();
        foreach ((string filter, ArgumentList arguments) in Chain)
        {
            value = Filters.Apply(scope.Rendering, filter, value, arguments.Evaluate(scope));
        }

        if (Name is null)
        {
            scope.Output.Add(ValueText.Print(scope.Rendering, value));
        }
        else
        {
            scope.Set(Name, value);
        }

        return flow;
    }
}
