using System.Diagnostics;
using Halo.Inference.Templates;

namespace Halo.Inference.Tests.Templates;

public sealed class HostileTemplateTests
{
    private const string Signs = "{}()[]|.,:%'\"-+*/~<>=! \n";

    private static readonly ChatInputs s_inputs = new() { Messages = [new ChatMessage("user", "a b c")], Now = DateTimeOffset.UnixEpoch };

    [Theory]
    [InlineData("{% for i in range(99999999999) %}{% endfor %}", "steps")]
    [InlineData("{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}", "steps")]
    [InlineData("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "nesting")]
    [InlineData("{% macro f() %}{{ f() }}{{ f() }}{% endmacro %}{{ f() }}", "nesting")]
    [InlineData("{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(30) }}", "steps")]
    [InlineData("{{ 'abcdefgh' * 99999999999 }}", "steps")]
    [InlineData("{{ 'abcdefghabcdefghabcdefgh' * 1000000 }}", "output")]
    [InlineData("{% set ns = namespace(x='ab') %}{% for i in range(100) %}{% set ns.x = ns.x + ns.x %}{% endfor %}", "output")]
    [InlineData("{% set ns = namespace(x='a' * 1000000) %}{% for i in range(1000) %}{% set y = ns.x ~ i %}{% endfor %}", "characters of text")]
    [InlineData("{% set a = 'a' * 100000 %}{{ a.replace('a', a) }}", "output")]
    [InlineData("{% set a = 'a' * 100000 %}{{ (a | list) | join(a) }}", "output")]
    [InlineData("{% set ns = namespace(x=[1]) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x }}", "steps")]
    [InlineData("{% set ns = namespace(x=[1]) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x | tojson }}", "steps")]
    [InlineData("{% set n = namespace(x=[1], y=[1]) %}{% for i in range(60) %}{% set n.x = [n.x, n.x] %}{% set n.y = [n.y, n.y] %}{% endfor %}{{ n.x == n.y }}", "steps")]
    [InlineData("{% set x = [] %}{{ x.append(x) }}{{ x }}", "nesting")]
    [InlineData("{% set x = [] %}{{ x.append(x) }}{{ x | tojson }}", "nesting")]
    [InlineData("{% set x = [] %}{% set y = [] %}{{ x.append(x) }}{{ y.append(y) }}{{ x == y }}", "nesting")]
    [InlineData("{% set x = [1] %}{% for i in range(100) %}{% set _ = x.append(x + x) %}{{ x | length }}{% set x = x + x %}{% endfor %}{{ (x * 2) }}", "")]
    [InlineData("{{ 'x' | tojson(indent=1000000000) }}", "indent")]
    [InlineData("{{ 'x\ny' | indent(1000000000) }}", "indent")]
    [InlineData("{% set l = range(100000) | list %}{{ l | unique | list }}", "steps")]
    [InlineData("{{ 9223372036854775807 + 1 }}", "whole number")]
    [InlineData("{{ (-9223372036854775807 - 1) // -1 }}", "whole number")]
    [InlineData("{{ 1 // 0 }}", "division by zero")]
    [InlineData("{{ 1.0 % 0 }}", "division by zero")]
    [InlineData("{{ raise_exception('No such thing') }}", "refuses the conversation: No such thing")]
    [InlineData("{{ messages.x.y }}", "'x' is undefined")]
    [InlineData("{{ nothing.x }}", "'nothing' is undefined")]
    [InlineData("{{ nothing() }}", "'nothing' is not known")]
    [InlineData("{{ 'a' + 1 }}", "'+' cannot take a string and a whole number")]
    [InlineData("{{ 'a' | sparkle }}", "filter 'sparkle'")]
    [InlineData("{{ 'a' is sparkly }}", "test 'sparkly'")]
    [InlineData("{{ 'a'.split('') }}", "empty")]
    [InlineData("{% set a, b = [1] %}", "1 values")]
    [InlineData("{% macro f(a) %}{% endmacro %}{{ f(1, 2) }}", "'f' takes 1 arguments")]
    [InlineData("{% set x.y = 1 %}", "'x' is no namespace")]
    [InlineData("{{ 'a' < 1 }}", "cannot be put in order")]
    [InlineData("{{ strftime_now('%Q') }}", "'%Q'")]
    public void Render_TemplateThatDoesNotEndWell_IsStoppedInWords(string source, string said)
    {
        Stopwatch watch = Stopwatch.StartNew();
        if (said.Length > 0)
        {
            TemplateException fault = Assert.Throws<TemplateException>(() => ChatTemplate.Parse(source).Render(s_inputs));
            Assert.Contains(said, fault.Message, StringComparison.Ordinal);
            Assert.Contains("line 1", fault.Message, StringComparison.Ordinal);
        }
        else
        {
            Assert.Throws<TemplateException>(() => ChatTemplate.Parse(source).Render(s_inputs));
        }

        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(20), $"took {watch.Elapsed}");
    }

    [Theory]
    [InlineData("{{ 1", "not closed with '}}'", 1)]
    [InlineData("a\n{% if x", "not closed with '%}'", 2)]
    [InlineData("a\n\n{# x", "not closed with '#}'", 3)]
    [InlineData("{% if x %}", "'endif'", 1)]
    [InlineData("\n{% for a in b %}\n{% if c %}{% endfor %}", "'endfor'", 3)]
    [InlineData("{% raw %}", "'endraw'", 1)]
    [InlineData("{{ 'a }}", "string is not closed", 1)]
    [InlineData("{{ }}", "where a value must be", 1)]
    [InlineData("{{ a b }}", "'b' stands", 1)]
    [InlineData("{{ (a }}", "closes nothing", 1)]
    [InlineData("{{ a ? b }}", "'?'", 1)]
    [InlineData("{% include 'x' %}", "'include'", 1)]
    [InlineData("{% endif %}", "'endif'", 1)]
    [InlineData("{% for a b %}", "where 'in' must be", 1)]
    [InlineData("{{ 99999999999999999999 }}", "whole number", 1)]
    [InlineData("{{ '\\x4' }}", "hexadecimal", 1)]
    public void Parse_Malformed_SaysWhatAndWhere(string source, string said, int line)
    {
        TemplateException fault = Assert.Throws<TemplateException>(() => ChatTemplate.Parse(source));

        Assert.Contains(said, fault.Message, StringComparison.Ordinal);
        Assert.Equal(line, fault.Line);
    }

    [Theory]
    [InlineData("(", ")", "1")]
    [InlineData("[", "]", "1")]
    [InlineData("not (", ")", "1")]
    [InlineData("1 + (", ")", "1")]
    [InlineData("1 if 2 else ", "", "3")]
    [InlineData("x[", "]", "1")]
    [InlineData("f(", ")", "1")]
    [InlineData("1 + ", "", "1")]
    [InlineData("", ".a", "x")]
    [InlineData("", "|trim", "1")]
    public void Parse_DeepExpression_IsRefusedBeforeTheStackEnds(string before, string after, string inside)
    {
        string source = $"{{{{ {string.Concat(Enumerable.Repeat(before, 50_000))}{inside}{string.Concat(Enumerable.Repeat(after, 50_000))} }}}}";

        Assert.Throws<TemplateException>(() => ChatTemplate.Parse(source).Render(s_inputs));
    }

    [Fact]
    public void Parse_DeepStatements_AreRefused() => Assert.Throws<TemplateException>(
        () => ChatTemplate.Parse(string.Concat(Enumerable.Repeat("{% if 1 %}", 50_000)) + string.Concat(Enumerable.Repeat("{% endif %}", 50_000))));

    [Fact]
    public void Parse_TooLong_IsRefused() => Assert.Contains(
        "1,000,001 characters", Assert.Throws<TemplateException>(() => ChatTemplate.Parse(new string('x', 1_000_001))).Message, StringComparison.Ordinal);

    [Fact]
    public void Parse_LongSourcesOfOneKind_AreNotQuadratic()
    {
        Stopwatch watch = Stopwatch.StartNew();
        foreach (string unit in (string[])["{", "{{ 1 }}", "{# c #}", "{% set x = 1 %}\n", "   \n", "{% raw %}{% endraw %}", "{%- set x = 'a' -%}  "])
        {
            Exception? fault = Record.Exception(() => ChatTemplate.Parse(string.Concat(Enumerable.Repeat(unit, 400_000 / unit.Length))));
            Assert.Equal(unit == "{", fault is TemplateException);
        }

        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(20), $"took {watch.Elapsed}");
    }

    // Templates of all styles with characters changed, cut and doubled: they end, with a text or in words.
    [Fact]
    public void Render_SeededMutations_EndInTextOrInWords()
    {
        Random random = new(5);
        TemplateLimits limits = new() { MaxSteps = 20_000, MaxTextChars = 1 << 20, MaxOutputChars = 1 << 18 };
        int rendered = 0;
        int refused = 0;
        for (int run = 0; run < 2_000 * Nightly.Repeats; run++)
        {
            TemplateCase one = TemplateCase.All[random.Next(TemplateCase.All.Count)];
            try
            {
                ChatTemplate.Parse(Mutated(random, one.Template), limits).Render(one.Inputs);
                rendered++;
            }
            catch (TemplateException fault)
            {
                Assert.NotEmpty(fault.Message);
                refused++;
            }
        }

        Assert.True(rendered > 100 && refused > 100, $"{rendered} rendered, {refused} refused");
    }

    private static string Mutated(Random random, string source)
    {
        for (int change = random.Next(1, 4); change > 0 && source.Length > 1; change--)
        {
            int at = random.Next(source.Length);
            int length = random.Next(1, Math.Min(30, source.Length - at) + 1);
            string other = TemplateCase.All[random.Next(TemplateCase.All.Count)].Template;
            int from = random.Next(other.Length);
            source = random.Next(4) switch
            {
                0 => source.Remove(at, length),
                1 => source.Insert(at, source.Substring(at, length)),
                2 => source.Insert(at, Signs[random.Next(Signs.Length)].ToString()),
                _ => source.Insert(at, other.Substring(from, Math.Min(random.Next(1, 20), other.Length - from))),
            };
        }

        return source;
    }
}
