using System.Text.Json;
using System.Text.Json.Serialization;

namespace Halo.Gateway.Contracts;

/// <summary>
/// The body of <c>POST /v1/chat/completions</c> as it was sent, nothing checked but the types. What it shares with a completion request means the same.
/// </summary>
internal sealed record ChatRequest
{
    public string? Model { get; init; }

    public IReadOnlyList<ChatRequestMessage>? Messages { get; init; }

    public int? MaxTokens { get; init; }

    /// <summary>The later name of <see cref="MaxTokens"/>.</summary>
    public int? MaxCompletionTokens { get; init; }

    public double? Temperature { get; init; }

    public double? TopP { get; init; }

    public int? TopK { get; init; }

    public double? MinP { get; init; }

    public double? RepetitionPenalty { get; init; }

    public double? RepeatPenalty { get; init; }

    public double? FrequencyPenalty { get; init; }

    public double? PresencePenalty { get; init; }

    public int? N { get; init; }

    [JsonConverter(typeof(StopConverter))]
    public string[]? Stop { get; init; }

    public long? Seed { get; init; }

    public bool? Stream { get; init; }

    public StreamOptions? StreamOptions { get; init; }

    public bool? Logprobs { get; init; }

    public IReadOnlyDictionary<string, JsonElement>? LogitBias { get; init; }

    public IReadOnlyList<JsonElement>? Tools { get; init; }

    public IReadOnlyList<JsonElement>? Functions { get; init; }

    public ChatResponseFormat? ResponseFormat { get; init; }

    /// <summary>Variables of the model's template, such as <c>enable_thinking</c>.</summary>
    public IReadOnlyDictionary<string, JsonElement>? ChatTemplateKwargs { get; init; }

    /// <summary>The request for the completion of a prompt that was made of the messages.</summary>
    public CompletionRequest Completing(int[] prompt, IReadOnlyList<string> stops) => new()
    {
        Model = Model,
        Prompt = new Prompts([new Prompt(null, prompt)]),
        MaxTokens = MaxCompletionTokens ?? MaxTokens ?? int.MaxValue,
        Temperature = Temperature,
        TopP = TopP,
        TopK = TopK,
        MinP = MinP,
        RepetitionPenalty = RepetitionPenalty,
        RepeatPenalty = RepeatPenalty,
        FrequencyPenalty = FrequencyPenalty,
        PresencePenalty = PresencePenalty,
        N = N,
        Stop = Stop ?? [.. stops],
        Seed = Seed,
        Stream = Stream,
        StreamOptions = StreamOptions,
        LogitBias = LogitBias,
    };
}

/// <summary>One message.</summary>
internal sealed record ChatRequestMessage
{
    public string? Role { get; init; }

    [JsonConverter(typeof(ContentConverter))]
    public string? Content { get; init; }
}

/// <summary>The form of answer that is wanted.</summary>
internal sealed record ChatResponseFormat
{
    public string? Type { get; init; }
}
