using System.Text.Json.Serialization;

namespace Halo.Gateway.Contracts;

/// <summary>The answer to <c>POST /v1/completions</c>, or one event of it where it is streamed.</summary>
internal record Completion
{
    public required string Id { get; init; }

    public string Object { get; } = "text_completion";

    /// <summary>When the request was accepted, in seconds since 1970.</summary>
    public required long Created { get; init; }

    public required string Model { get; init; }

    public required IReadOnlyList<CompletionChoice> Choices { get; init; }
}

/// <summary>
/// A completion with its usage: the whole answer; or, where a stream was asked to tell the usage, its events, of which all but the last
/// have null.
/// </summary>
internal sealed record CompletionWithUsage : Completion
{
    [JsonPropertyOrder(1)]
    public required Usage? Usage { get; init; }
}

/// <summary>One choice, or in a stream the next piece of it.</summary>
internal sealed record CompletionChoice
{
    public required string Text { get; init; }

    /// <summary>Prompt p's k-th choice is number p * n + k.</summary>
    public required int Index { get; init; }

    public required TokenLogprobs? Logprobs { get; init; }

    /// <summary>Null in a stream until the choice's last piece.</summary>
    public required string? FinishReason { get; init; }
}

/// <summary>The tokens behind a text, as four arrays of the same length.</summary>
internal sealed record TokenLogprobs
{
    public required IReadOnlyList<string> Tokens { get; init; }

    /// <summary>Natural logarithms; null for the first token of a sequence.</summary>
    [JsonPropertyName("token_logprobs")]
    public required IReadOnlyList<float?> Values { get; init; }

    /// <summary>The likeliest tokens at each place; null for the first token of a sequence.</summary>
    public required IReadOnlyList<IReadOnlyDictionary<string, float>?> TopLogprobs { get; init; }

    /// <summary>Where each token begins in the choice's whole text, in characters (Unicode code points).</summary>
    public required IReadOnlyList<int> TextOffset { get; init; }
}

/// <summary>Tokens that a request took: a prompt counts once, however many choices continue it.</summary>
internal sealed record Usage(int PromptTokens, int CompletionTokens)
{
    public int TotalTokens => PromptTokens + CompletionTokens;
}
