using Halo.Inference.Templates.Nodes;

namespace Halo.Inference.Templates.Syntax;

/// <summary>Makes statements of a template's parts.</summary>
internal sealed class TemplateParser
{
    private readonly List<TemplatePart> _parts;
    private readonly int _mostDepth;
    private int _at;
    private int _depth;
    private string _end = ""; // the statement that ended the block read last
    private WordReader _words = new([]); // of the statement at hand

    private TemplateParser(string source, int mostDepth)
    {
        _parts = TemplateReader.Read(source);
        _mostDepth = mostDepth;
    }

    /// <exception cref="TemplateException">The template is malformed or uses what is not supported; the message says what and on which line.</exception>
    internal static Block Parse(string source, int mostDepth) => new TemplateParser(source, mostDepth).ParseBlock(1);

    // Up to one of the statements that end it; the whole template where there are none.
    private Block ParseBlock(int line, params string[] ends)
    {
        if (++_depth > _mostDepth)
        {
            throw new TemplateException($"statements nest more than {_mostDepth} levels deep.", line);
        }

        List<Statement> statements = [];
        while (_at < _parts.Count)
        {
            TemplatePart part = _parts[_at++];
            if (part.Kind == PartKind.Text)
            {
                statements.Add(new PlainText(part.Line, part.Text));
                continue;
            }

            _words = new WordReader(part.Words);
            if (part.Kind == PartKind.Output)
            {
                statements.Add(new Output(part.Line, ParseLast()));
                continue;
            }

            string name = _words.NeedAnyName();
            if (ends.Contains(name))
            {
                _end = name;
                _depth--;
                return new Block(line, statements);
            }

            statements.Add(ParseStatement(name, part.Line));
        }

        if (ends.Length > 0)
        {
            throw new TemplateException($"what begins here is not closed with '{ends[^1]}'.", line);
        }

        return new Block(line, statements);
    }

    private Statement ParseStatement(string name, int line)
    {
        switch (name)
        {
            case "if":
                return ParseIf(line);
            case "for":
                return ParseFor(line);
            case "set":
                return ParseSet(line);
            case "macro":
                string macro = _words.NeedAnyName();
                _words.NeedSign("(");
                Signature signature = ParseSignature();
                return new Macro(line, macro, signature, ParseBody(line, "endmacro"));
            case "call":
                return ParseCall(line);
            case "filter":
                ExpressionParser parser = Expressions();
                List<(string, ArgumentList)> chain = [parser.ParseFilter(), .. parser.ParseChain()];
                return new Captured(line, null, chain, ParseBody(line, "endfilter"));
            case "generation":
                return ParseBody(line, "endgeneration"); // it marks what a training would learn from
            case "break" or "continue":
                _words.NeedEnd();
                return new Jump(line, name == "break" ? Flow.Break : Flow.Continue);
            default:
                throw new TemplateException($"the statement '{name}' is not known, or stands where nothing is open that it could close.", line);
        }
    }

    private ExpressionParser Expressions() => new(_words, _mostDepth);

    private Expression ParseLast()
    {
        Expression value = Expressions().ParseTuple();
        _words.NeedEnd();
        return value;
    }

    private Block ParseBody(int line, params string[] ends)
    {
        _words.NeedEnd();
        Block body = ParseBlock(line, ends);
        if (_end.StartsWith("end", StringComparison.Ordinal))
        {
            if (_end == "endmacro" && !_words.IsAtEnd)
            {
                _words.Take(); // the macro's name may be said again
            }

            _words.NeedEnd();
        }

        return body;
    }

    private If ParseIf(int line)
    {
        List<(Expression, Block)> branches = [];
        do
        {
            int branch = _words.Line;
            Expression condition = Expressions().ParseTuple();
            branches.Add((condition, ParseBody(branch, "elif", "else", "endif")));
        }
        while (_end == "elif");
        return new If(line, branches, _end == "else" ? ParseBody(line, "endif") : null);
    }

    private For ParseFor(int line)
    {
        Targets targets = ParseTargets();
        _words.NeedName("in");
        ExpressionParser parser = Expressions();
        Expression items = parser.ParseWithoutChoice();
        Expression? condition = _words.TryName("if") ? parser.Parse() : null;
        if (_words.TryName("recursive"))
        {
            throw new TemplateException("recursive loops are not supported.", line);
        }

        Block body = ParseBody(line, "else", "endfor");
        return new For(line, targets, items, condition, body, _end == "else" ? ParseBody(line, "endfor") : null);
    }

    private Targets ParseTargets()
    {
        bool inBrackets = _words.TrySign("(");
        List<string> names = [_words.NeedAnyName()];
        while (_words.TrySign(","))
        {
            names.Add(_words.NeedAnyName());
        }

        if (inBrackets)
        {
            _words.NeedSign(")");
        }

        return new Targets(names);
    }

    private Statement ParseSet(int line)
    {
        if (_words.IsNameBefore("."))
        {
            string owner = _words.NeedAnyName();
            _words.NeedSign(".");
            string attribute = _words.NeedAnyName();
            _words.NeedSign("=");
            return new AttributeAssignment(line, owner, attribute, ParseLast());
        }

        Targets targets = ParseTargets();
        if (_words.TrySign("="))
        {
            return new Assignment(line, targets, ParseLast());
        }

        List<(string, ArgumentList)> chain = Expressions().ParseChain();
        return targets.Names.Count == 1
            ? new Captured(line, targets.Names[0], chain, ParseBody(line, "endset"))
            : throw new TemplateException("a block can be set to one name only.", line);
    }

    private CallBlock ParseCall(int line)
    {
        Signature signature = _words.TrySign("(") ? ParseSignature() : new Signature([]);
        return Expressions().Parse() is Call call
            ? new CallBlock(line, signature, call, ParseBody(line, "endcall"))
            : throw new TemplateException("'call' needs the call of a macro.", line);
    }

    private Signature ParseSignature()
    {
        List<(string, Expression?)> parameters = [];
        while (!_words.TrySign(")"))
        {
            parameters.Add((_words.NeedAnyName(), _words.TrySign("=") ? Expressions().Parse() : null));
            if (!_words.IsSign(")"))
            {
                _words.NeedSign(",");
            }
        }

        return new Signature(parameters);
    }
}
