using System.Text.Json.Serialization;

namespace Halo.Gateway.Contracts;

/// <summary>The answer to <c>POST /v1/chat/completions</c>.</summary>
internal sealed record ChatCompletion
{
    public required string Id { get; init; }

    public string Object { get; } = "chat.completion";

    /// <summary>When the request was accepted, in seconds since 1970.</summary>
    public required long Created { get; init; }

    public required string Model { get; init; }

    public required IReadOnlyList<ChatChoice> Choices { get; init; }

    public required Usage Usage { get; init; }
}

/// <summary>One answer.</summary>
internal sealed record ChatChoice
{
    public required int Index { get; init; }

    public required ChatAnswer Message { get; init; }

    /// <summary>Not supported: null.</summary>
    public string? Logprobs { get; }

    public required string? FinishReason { get; init; }
}

/// <summary>What the model said.</summary>
internal sealed record ChatAnswer(string Content)
{
    public string Role { get; } = "assistant";
}

/// <summary>An event of a streamed answer.</summary>
internal record ChatEvent
{
    public required string Id { get; init; }

    public string Object { get; } = "chat.completion.chunk";

    public required long Created { get; init; }

    public required string Model { get; init; }

    public required IReadOnlyList<ChatDelta> Choices { get; init; }
}

/// <summary>An event of a stream that was asked to tell the usage: all but the last have null.</summary>
internal sealed record ChatEventWithUsage : ChatEvent
{
    [JsonPropertyOrder(1)]
    public required Usage? Usage { get; init; }
}

/// <summary>The next piece of an answer.</summary>
internal sealed record ChatDelta
{
    public required int Index { get; init; }

    public required ChatPiece Delta { get; init; }

    /// <summary>Not supported: null.</summary>
    public string? Logprobs { get; }

    /// <summary>Null until the answer's last piece.</summary>
    public required string? FinishReason { get; init; }
}

/// <summary>What a piece adds: the role with the first, text where there is some.</summary>
internal sealed record ChatPiece
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Role { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Content { get; init; }
}
