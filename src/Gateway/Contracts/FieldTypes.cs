using Halo.Grains;

namespace Halo.Gateway.Contracts;

/// <summary>What each field of a completion request takes, in words.</summary>
internal static class FieldTypes
{
    private const string Text = "a string";
    private const string Number = "a number";
    private const string Whole = "a whole number";
    private const string Truth = "true or false";

    private static readonly Dictionary<string, string> s_types = new()
    {
        ["model"] = Text,
        ["prompt"] = "a string, an array of strings, an array of tokens, or an array of arrays of tokens",
        ["max_tokens"] = Whole,
        ["temperature"] = Number,
        ["top_p"] = Number,
        ["top_k"] = Whole,
        ["min_p"] = Number,
        ["repetition_penalty"] = Number,
        ["repeat_penalty"] = Number,
        ["frequency_penalty"] = Number,
        ["presence_penalty"] = Number,
        ["n"] = Whole,
        ["best_of"] = Whole,
        ["stop"] = "a string, or an array of up to 4 strings",
        ["seed"] = "a whole number of 64 bits",
        ["logprobs"] = Whole,
        ["echo"] = Truth,
        ["stream"] = Truth,
        ["stream_options"] = "an object",
        ["stream_options.include_usage"] = Truth,
        ["speculate"] = Speculation.Needed,
        ["suffix"] = Text,
        ["logit_bias"] = "an object",
        ["messages"] = "an array of objects with a role and a content, which is a string or an array of texts",
        ["max_completion_tokens"] = Whole,
        ["tools"] = "an array",
        ["functions"] = "an array",
    };

    /// <summary>What the field takes; for the body as a whole, an object.</summary>
    public static string Of(string field) => s_types.GetValueOrDefault(field, "an object");
}
