using System.Collections.Frozen;
using Halo.Inference.Templates.Values;

namespace Halo.Inference.Templates.Library;

/// <summary>What can stand after <c>is</c>.</summary>
internal static class Tests
{
    private static readonly FrozenDictionary<string, Func<Rendering, object?, CallArguments, bool>> s_tests =
        new Dictionary<string, Func<Rendering, object?, CallArguments, bool>>
        {
            ["defined"] = (_, value, _) => value is not Undefined,
            ["undefined"] = (_, value, _) => value is Undefined,
            ["none"] = (_, value, _) => value is null,
            ["string"] = (_, value, _) => value is TemplateText,
            ["mapping"] = (_, value, _) => value is TemplateMap,
            ["sequence"] = (_, value, _) => value is TemplateText or TemplateList or TemplateMap or Undefined,
            ["iterable"] = (_, value, _) => value is TemplateText or TemplateList or TemplateMap or Undefined,
            ["number"] = (_, value, _) => value is long or double or bool,
            ["integer"] = (_, value, _) => value is long,
            ["float"] = (_, value, _) => value is double,
            ["boolean"] = (_, value, _) => value is bool,
            ["true"] = (_, value, _) => value is true,
            ["false"] = (_, value, _) => value is false,
            ["callable"] = (_, value, _) => value is TemplateFunction,
            ["odd"] = (_, value, _) => value is long number && number % 2 != 0,
            ["even"] = (_, value, _) => value is long number && number % 2 == 0,
            ["divisibleby"] = (_, value, arguments) => value is long number && arguments.Integer(0, "num", 1) is var by and not 0 && number % by == 0,
            ["upper"] = (_, value, _) => value is TemplateText text && text.Value.Any(char.IsUpper) && !text.Value.Any(char.IsLower),
            ["lower"] = (_, value, _) => value is TemplateText text && text.Value.Any(char.IsLower) && !text.Value.Any(char.IsUpper),
            ["sameas"] = (_, value, arguments) => ReferenceEquals(value, arguments.Get(0, "other")) || (value is bool or long && Equals(value, arguments.Get(0, "other"))),
            ["in"] = (rendering, value, arguments) => ValueLogic.Contains(rendering, arguments.Require(0, "seq"), value),
            ["eq"] = Equal,
            ["equalto"] = Equal,
            ["ne"] = (rendering, value, arguments) => !Equal(rendering, value, arguments),
            ["lt"] = (_, value, arguments) => ValueLogic.Compare(value, arguments.Require(0, "other")) < 0,
            ["lessthan"] = (_, value, arguments) => ValueLogic.Compare(value, arguments.Require(0, "other")) < 0,
            ["le"] = (_, value, arguments) => ValueLogic.Compare(value, arguments.Require(0, "other")) <= 0,
            ["gt"] = (_, value, arguments) => ValueLogic.Compare(value, arguments.Require(0, "other")) > 0,
            ["greaterthan"] = (_, value, arguments) => ValueLogic.Compare(value, arguments.Require(0, "other")) > 0,
            ["ge"] = (_, value, arguments) => ValueLogic.Compare(value, arguments.Require(0, "other")) >= 0,
        }.ToFrozenDictionary(StringComparer.Ordinal);

    internal static bool Holds(Rendering rendering, string name, object? value, CallArguments arguments) => s_tests.TryGetValue(name, out var test)
        ? test(rendering, value, arguments)
        : throw new TemplateException($"the test '{name}' is not known.");

    private static bool Equal(Rendering rendering, object? value, CallArguments arguments) =>
        ValueLogic.AreEqual(rendering, value, arguments.Require(0, "other"));
}
