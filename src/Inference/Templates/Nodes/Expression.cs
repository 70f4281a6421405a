using Halo.Inference.Templates.Values;

namespace Halo.Inference.Templates.Nodes;

/// <summary>Something that has a value.</summary>
internal abstract record Expression
{
    /// <summary>The value; a step and a level of nesting.</summary>
    internal object? Evaluate(Scope scope)
    {
        scope.Rendering.Step();
        scope.Rendering.Enter();
        object? value = Compute(scope);
        scope.Rendering.Leave();
        return value;
    }

    protected abstract object? Compute(Scope scope);
}

internal sealed record Literal(object? Value) : Expression
{
    protected override object? Compute(Scope scope) => Value;
}

internal sealed record Name(string Text) : Expression
{
    protected override object? Compute(Scope scope) => scope.Find(Text);
}

internal sealed record ListLiteral(IReadOnlyList<Expression> Items, bool IsTuple) : Expression
{
    protected override object? Compute(Scope scope) => new TemplateList(Items.Select(item => item.Evaluate(scope))) { IsTuple = IsTuple };
}

internal sealed record MapLiteral(IReadOnlyList<(Expression Key, Expression Value)> Items) : Expression
{
    protected override object? Compute(Scope scope)
    {
        TemplateMap map = new(isTrusted: true);
        foreach ((Expression key, Expression value) in Items)
        {
            map.Items[key.Evaluate(scope) is TemplateText text ? text.Value : throw new TemplateException("a mapping's key must be a string.")] =
                value.Evaluate(scope);
        }

        return map;
    }
}

internal sealed record Choice(Expression Condition, Expression Then, Expression? Else) : Expression
{
    protected override object? Compute(Scope scope) => ValueLogic.IsTrue(Condition.Evaluate(scope)) ? Then.Evaluate(scope)
        : Else is null ? new Undefined("the value of an 'if' without 'else'")
        : Else.Evaluate(scope);
}

internal sealed record Both(Expression Left, Expression Right) : Expression
{
    protected override object? Compute(Scope scope) => Left.Evaluate(scope) is var left && ValueLogic.IsTrue(left) ? Right.Evaluate(scope) : left;
}

internal sealed record Either(Expression Left, Expression Right) : Expression
{
    protected override object? Compute(Scope scope) => Left.Evaluate(scope) is var left && ValueLogic.IsTrue(left) ? left : Right.Evaluate(scope);
}

internal sealed record Not(Expression Operand) : Expression
{
    protected override object? Compute(Scope scope) => !ValueLogic.IsTrue(Operand.Evaluate(scope));
}

/// <summary>One comparison or several, as in <c>1 &lt; x &lt; 5</c>.</summary>
internal sealed record Comparison(Expression First, IReadOnlyList<(string Sign, Expression Operand)> Rest) : Expression
{
    protected override object? Compute(Scope scope)
    {
        object? left = First.Evaluate(scope);
        foreach ((string sign, Expression operand) in Rest)
        {
            object? right = operand.Evaluate(scope);
            if (!Holds(scope.Rendering, left, sign, right))
            {
                return false;
            }

            left = right;
        }

        return true;
    }

    private static bool Holds(Rendering rendering, object? left, string sign, object? right) => sign switch
    {
        "==" => ValueLogic.AreEqual(rendering, left, right),
        "!=" => !ValueLogic.AreEqual(rendering, left, right),
        "in" => ValueLogic.Contains(rendering, right, left),
        "not in" => !ValueLogic.Contains(rendering, right, left),
        "<" => ValueLogic.Compare(left, right) < 0,
        "<=" => ValueLogic.Compare(left, right) <= 0,
        ">" => ValueLogic.Compare(left, right) > 0,
        _ => ValueLogic.Compare(left, right) >= 0,
    };
}
