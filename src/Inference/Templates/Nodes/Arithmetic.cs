using Halo.Inference.Templates.Library;
using Halo.Inference.Templates.Values;

namespace Halo.Inference.Templates.Nodes;

internal sealed record Negation(Expression Operand, bool IsMinus) : Expression
{
    protected override object? Compute(Scope scope) => Operand.Evaluate(scope) switch
    {
        long number => (object)(IsMinus ? unchecked(-number) : number),
        double number => IsMinus ? -number : number,
        bool flag => flag ? (IsMinus ? -1L : 1L) : 0L,
        var other => throw new TemplateException($"{ValueText.Kind(other)} has no sign."),
    };
}

/// <summary>Two operands and one of + - * / // % ** ~.</summary>
internal sealed record Arithmetic(Expression Left, string Sign, Expression Right) : Expression
{
    protected override object? Compute(Scope scope)
    {
        object? left = Left.Evaluate(scope);
        object? right = Right.Evaluate(scope);
        Rendering rendering = scope.Rendering;
        return (left, Sign, right) switch
        {
            (_, "~", _) => new TextMaker(rendering).Add(ValueText.Print(rendering, left)).Add(ValueText.Print(rendering, right)).ToText(),
            (TemplateText a, "+", TemplateText b) => new TextMaker(rendering).Add(a).Add(b).ToText(),
            (TemplateList a, "+", TemplateList b) => Joined(rendering, a, b),
            (TemplateText a, "*", long times) => Repeated(rendering, a, times),
            (long times, "*", TemplateText a) => Repeated(rendering, a, times),
            (TemplateList a, "*", long times) => Repeated(rendering, a, times),
            (long times, "*", TemplateList a) => Repeated(rendering, a, times),
            (TemplateText a, "%", _) => TextFormat.Percent(rendering, a, right is TemplateList list ? list : [right]),
            (long a, _, long b) => OfIntegers(a, b),
            _ when ValueLogic.TryNumber(left, out double a) && ValueLogic.TryNumber(right, out double b) =>
                left is bool or long && right is bool or long ? OfIntegers((long)a, (long)b) : OfReals(a, b),
            _ => throw new TemplateException($"'{Sign}' cannot take {Described(left)} and {Described(right)}."),
        };
    }

    private static string Described(object? value) => value is Undefined undefined ? $"'{undefined.Name}', which is undefined," : ValueText.Kind(value);

    private static TemplateList Joined(Rendering rendering, TemplateList a, TemplateList b)
    {
        rendering.Step(a.Count + b.Count);
        return [.. a, .. b];
    }

    private static TemplateText Repeated(Rendering rendering, TemplateText text, long times)
    {
        rendering.Step(Math.Max(0, times));
        TextMaker maker = new(rendering);
        for (long i = 0; i < times; i++)
        {
            maker.Add(text);
        }

        return maker.ToText();
    }

    private static TemplateList Repeated(Rendering rendering, TemplateList list, long times)
    {
        TemplateList repeated = [];
        for (long i = 0; i < times; i++)
        {
            rendering.Step(list.Count + 1);
            repeated.AddRange(list);
        }

        return repeated;
    }

    private object OfIntegers(long a, long b)
    {
        if (Sign is "/" or "//" or "%" && b == 0)
        {
            throw new TemplateException("division by zero.");
        }

        try
        {
            return Sign switch
            {
                "+" => checked(a + b),
                "-" => checked(a - b),
                "*" => checked(a * b),
                "/" => (double)a / b,
                "//" => b == -1 ? checked(-a) : (a / b) - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0),
                "%" => b == -1 ? 0 : ((a % b) + b) % b,
                _ => Math.Pow(a, b) is var power && b >= 0 && Math.Abs(power) < 1L << 53 ? (object)(long)power : power, // whole as long as it is exact
            };
        }
        catch (OverflowException)
        {
            throw new TemplateException($"{a} {Sign} {b} is more than a whole number holds here.");
        }
    }

    private double OfReals(double a, double b) => Sign switch
    {
        "+" => a + b,
        "-" => a - b,
        "*" => a * b,
        "/" or "//" or "%" when b == 0 => throw new TemplateException("division by zero."),
        "/" => a / b,
        "//" => Math.Floor(a / b),
        "%" => a - (b * Math.Floor(a / b)),
        _ => Math.Pow(a, b),
    };
}
