using System.Text.Json;
using System.Text.Json.Serialization;

namespace Halo.Gateway.Contracts;

/// <summary>
/// The body of <c>POST /v1/completions</c> as it was sent: every field may be missing or null, and nothing is checked but the types.
/// <see cref="CompletionJob.From"/> checks the values and fills in the defaults. Fields that are not here are ignored.
/// </summary>
internal sealed record CompletionRequest
{
    public string? Model { get; init; }

    [JsonConverter(typeof(PromptConverter))]
    public Prompts? Prompt { get; init; }

    public int? MaxTokens { get; init; }

    public double? Temperature { get; init; }

    public double? TopP { get; init; }

    public int? TopK { get; init; }

    public double? MinP { get; init; }

    public double? RepetitionPenalty { get; init; }

    /// <summary>Another name for <see cref="RepetitionPenalty"/>, which several servers use.</summary>
    public double? RepeatPenalty { get; init; }

    public double? FrequencyPenalty { get; init; }

    public double? PresencePenalty { get; init; }

    public int? N { get; init; }

    public int? BestOf { get; init; }

    [JsonConverter(typeof(StopConverter))]
    public string[]? Stop { get; init; }

    public long? Seed { get; init; }

    public int? Logprobs { get; init; }

    public bool? Echo { get; init; }

    public bool? Stream { get; init; }

    public StreamOptions? StreamOptions { get; init; }

    /// <summary>Tokens guessed ahead; OpenAI has no such field, and no text changes by it.</summary>
    [JsonConverter(typeof(SpeculateConverter))]
    public int? Speculate { get; init; }

    public string? Suffix { get; init; }

    public IReadOnlyDictionary<string, JsonElement>? LogitBias { get; init; }
}

/// <summary>What a stream carries beside the text.</summary>
internal sealed record StreamOptions
{
    /// <summary>End the stream with an event that has the usage and no choices.</summary>
    public bool? IncludeUsage { get; init; }
}
