using System.Globalization;
using Halo.Inference.Templates.Nodes;
using Halo.Inference.Templates.Values;
using Attribute = Halo.Inference.Templates.Nodes.Attribute;

namespace Halo.Inference.Templates.Syntax;

/// <summary>Reads expressions, by precedence: if/else, or, and, not, comparisons, + -, ~, * / // %, **, signs, then what follows on a value.</summary>
internal sealed class ExpressionParser(WordReader words, int mostDepth)
{
    private static readonly string[][] s_levels = [["+", "-"], ["~"], ["*", "/", "//", "%"], ["**"]];

    private int _depth;

    internal Expression Parse()
    {
        if (++_depth > mostDepth)
        {
            throw new TemplateException($"an expression nests more than {mostDepth} levels deep.", words.Line);
        }

        Expression value = ParseOr();
        if (words.TryName("if"))
        {
            Expression condition = ParseOr();
            value = new Choice(condition, value, words.TryName("else") ? Parse() : null);
        }

        _depth--;
        return value;
    }

    /// <summary>An expression that ends before an <c>if</c>, as of a loop.</summary>
    internal Expression ParseWithoutChoice() => ParseOr();

    /// <summary>An expression, or several with commas between, which make a list.</summary>
    internal Expression ParseTuple()
    {
        Expression first = Parse();
        if (!words.IsSign(","))
        {
            return first;
        }

        List<Expression> items = [first];
        while (words.TrySign(",") && !words.IsAtEnd && !words.IsSign(")"))
        {
            items.Add(Parse());
        }

        return new ListLiteral(items, IsTuple: true);
    }

    /// <summary>Filters after a value that stands elsewhere: <c>| a | b(1)</c>.</summary>
    internal List<(string Filter, ArgumentList Arguments)> ParseChain()
    {
        List<(string, ArgumentList)> chain = [];
        while (words.TrySign("|"))
        {
            chain.Add(ParseFilter());
        }

        return chain;
    }

    internal (string Filter, ArgumentList Arguments) ParseFilter() => (words.NeedAnyName(), words.TrySign("(") ? ParseArguments() : ArgumentList.None);

    internal ArgumentList ParseArguments()
    {
        List<Expression> positional = [];
        List<(string, Expression)> named = [];
        while (!words.TrySign(")"))
        {
            if (words.IsNameBefore("="))
            {
                string name = words.NeedAnyName();
                words.NeedSign("=");
                named.Add((name, Parse()));
            }
            else
            {
                positional.Add(Parse());
            }

            if (!words.IsSign(")"))
            {
                words.NeedSign(",");
            }
        }

        return new ArgumentList(positional, named);
    }

    private Expression ParseOr()
    {
        Expression left = ParseAnd();
        while (words.TryName("or"))
        {
            left = new Either(left, ParseAnd());
        }

        return left;
    }

    private Expression ParseAnd()
    {
        Expression left = ParseNot();
        while (words.TryName("and"))
        {
            left = new Both(left, ParseNot());
        }

        return left;
    }

    private Expression ParseNot()
    {
        int count = 0;
        while (words.TryName("not"))
        {
            count++;
        }

        Expression value = ParseComparison();
        return (count, count % 2) switch { (0, _) => value, (_, 1) => new Not(value), _ => new Not(new Not(value)) };
    }

    private Expression ParseComparison()
    {
        Expression first = ParseBinary(0);
        List<(string, Expression)> rest = [];
        while (ComparisonSign() is { } sign)
        {
            rest.Add((sign, ParseBinary(0)));
        }

        return rest.Count == 0 ? first : new Comparison(first, rest);
    }

    private string? ComparisonSign() =>
        words.Next.Kind == WordKind.Sign && words.Next.Text is "==" or "!=" or "<" or "<=" or ">" or ">=" ? words.Take().Text
        : words.TryName("in") ? "in"
        : words.TryNotIn() ? "not in"
        : null;

    private Expression ParseBinary(int level)
    {
        if (level == s_levels.Length)
        {
            return ParseSigned();
        }

        Expression left = ParseBinary(level + 1);
        while (words.Next.Kind == WordKind.Sign && s_levels[level].Contains(words.Next.Text))
        {
            string sign = words.Take().Text;
            left = new Arithmetic(left, sign, ParseBinary(level + 1));
        }

        return left;
    }

    // Filters bind more loosely than a sign and more tightly than all else.
    private Expression ParseSigned()
    {
        List<bool> signs = [];
        while (words.IsSign("-") || words.IsSign("+"))
        {
            signs.Add(words.Take().Text == "-");
        }

        Expression value = ParsePostfix(ParsePrimary());
        if (signs.Count > 0)
        {
            value = new Negation(value, signs.Count(isMinus => isMinus) % 2 == 1);
        }

        return ParseFilters(value);
    }

    private Expression ParseFilters(Expression value)
    {
        while (true)
        {
            if (words.TrySign("|"))
            {
                (string filter, ArgumentList arguments) = ParseFilter();
                value = new Filtered(value, filter, arguments);
            }
            else if (words.TryName("is"))
            {
                value = ParseTest(value);
            }
            else
            {
                return value;
            }
        }
    }

    private Expression ParseTest(Expression value)
    {
        bool isNegated = words.TryName("not");
        string test = words.NeedAnyName();
        ArgumentList arguments = ArgumentList.None;
        if (words.TrySign("("))
        {
            arguments = ParseArguments();
        }
        else if (BeginsArgument())
        {
            arguments = new ArgumentList([ParsePostfix(ParsePrimary())], []);
        }

        Tested tested = new(value, test, arguments);
        return isNegated ? new Not(tested) : tested;
    }

    // An argument without brackets, as in "is divisibleby 3".
    private bool BeginsArgument() => words.Next.Kind switch
    {
        WordKind.Name => words.Next.Text is not ("else" or "or" or "and" or "is" or "not" or "if" or "in"),
        WordKind.Sign => words.Next.Text is "[" or "{",
        WordKind.End => false,
        _ => true,
    };

    private Expression ParsePostfix(Expression value)
    {
        while (true)
        {
            if (words.TrySign("."))
            {
                value = words.Next.Kind == WordKind.Integer
                    ? new Element(value, ParsePrimary())
                    : new Attribute(value, words.NeedAnyName());
            }
            else if (words.TrySign("["))
            {
                value = ParseSubscript(value);
            }
            else if (words.TrySign("("))
            {
                value = new Call(value, ParseArguments());
            }
            else
            {
                return value;
            }
        }
    }

    private Expression ParseSubscript(Expression owner)
    {
        Expression? from = words.IsSign(":") ? null : ParseTuple();
        if (from is not null && words.TrySign("]"))
        {
            return new Element(owner, from);
        }

        words.NeedSign(":");
        Expression? to = words.IsSign(":") || words.IsSign("]") ? null : Parse();
        Expression? step = words.TrySign(":") && !words.IsSign("]") ? Parse() : null;
        words.NeedSign("]");
        return new Cut(owner, from, to, step);
    }

    private Expression ParsePrimary()
    {
        Word word = words.Take();
        switch (word.Kind)
        {
            case WordKind.Text:
                string text = word.Text;
                while (words.Next.Kind == WordKind.Text)
                {
                    text += words.Take().Text;
                }

                return new Literal(new TemplateText(text, isTrusted: true));
            case WordKind.Integer:
                return long.TryParse(word.Text, NumberStyles.None, CultureInfo.InvariantCulture, out long integer)
                    ? new Literal(integer)
                    : throw new TemplateException($"{word.Text} is more than a whole number holds here.", word.Line);
            case WordKind.Real:
                return new Literal(double.Parse(word.Text, NumberStyles.Float, CultureInfo.InvariantCulture));
            case WordKind.Name:
                return word.Text switch
                {
                    "true" or "True" => new Literal(true),
                    "false" or "False" => new Literal(false),
                    "none" or "None" => new Literal(null),
                    _ => new Name(word.Text),
                };
            case WordKind.Sign when word.Text == "(":
                return ParseBrackets();
            case WordKind.Sign when word.Text == "[":
                return new ListLiteral(ParseItems("]", Parse), IsTuple: false);
            case WordKind.Sign when word.Text == "{":
                return new MapLiteral(ParseItems("}", ParsePair));
            default:
                throw new TemplateException($"{(word.Kind == WordKind.End ? "the tag ends" : $"'{word.Text}' stands")} where a value must be.", word.Line);
        }
    }

    private Expression ParseBrackets()
    {
        if (words.TrySign(")"))
        {
            return new ListLiteral([], IsTuple: true);
        }

        Expression value = ParseTuple();
        words.NeedSign(")");
        return value;
    }

    private (Expression Key, Expression Value) ParsePair()
    {
        Expression key = Parse();
        words.NeedSign(":");
        return (key, Parse());
    }

    private List<T> ParseItems<T>(string close, Func<T> parse)
    {
        List<T> items = [];
        while (!words.TrySign(close))
        {
            items.Add(parse());
            if (!words.IsSign(close))
            {
                words.NeedSign(",");
            }
        }

        return items;
    }
}
