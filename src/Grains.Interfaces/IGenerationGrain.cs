using Orleans.Concurrency;

namespace Halo.Grains;

/// <summary>One completion's life: text in, text out; its key is <c>model/request</c>.</summary>
[Alias("halo.generation")]
public interface IGenerationGrain : IGrainWithStringKey
{
    /// <summary>Runs the completion and yields its text as it comes. Cancelling or leaving the enumeration frees all it held.</summary>
    /// <exception cref="BadRequestException">The request asks for something that cannot be done.</exception>
    /// <exception cref="ModelUnavailableException">The model cannot serve, or a step failed.</exception>
    [Alias("generate")]
    IAsyncEnumerable<GenerationChunk> GenerateAsync(GenerationRequest request, CancellationToken cancellationToken = default);

    /// <summary>Whether the completion runs: one that was lost with its silo does not.</summary>
    [Alias("is-running")]
    [AlwaysInterleave]
    Task<bool> IsRunningAsync();
}

/// <summary>A completion to run.</summary>
[GenerateSerializer, Immutable, Alias("halo.generation-request")]
public sealed record GenerationRequest
{
    /// <summary>The model's name.</summary>
    [Id(0)]
    public required string Model { get; init; }

    /// <summary>The text to continue; null where <see cref="PromptTokens"/> are given.</summary>
    [Id(1)]
    public string? Prompt { get; init; }

    /// <summary>The tokens to continue, instead of a text.</summary>
    [Id(2)]
    public int[]? PromptTokens { get; init; }

    /// <summary>Tokens to generate at most; null goes on to the end of the text or the context.</summary>
    [Id(3)]
    public int? MaxTokens { get; init; }

    /// <summary>How to sample.</summary>
    [Id(4)]
    public SamplingOptions Sampling { get; init; } = new();

    /// <summary>Texts that end the completion; they are not part of it.</summary>
    [Id(5)]
    public string[] Stop { get; init; } = [];

    /// <summary>Report log-probabilities, with this many of the likeliest tokens; null for none.</summary>
    [Id(6)]
    public int? LogProbabilities { get; init; }

    /// <summary>Begin the text with the prompt.</summary>
    [Id(7)]
    public bool Echo { get; init; }

    /// <summary>Tokens that are guessed ahead: as in <see cref="Speculation"/>; null for what the head board's silo was told.</summary>
    [Id(8)]
    public int? Speculate { get; init; }
}

/// <summary>A piece of a completion.</summary>
[GenerateSerializer, Immutable, Alias("halo.generation-chunk")]
public sealed record GenerationChunk
{
    /// <summary>Text that follows on the chunks before; may be empty.</summary>
    [Id(0)]
    public required string Text { get; init; }

    /// <summary>The tokens behind it, where log-probabilities were asked for.</summary>
    [Id(1)]
    public TokenText[] Tokens { get; init; } = [];

    /// <summary>Why the completion ended, on the last chunk: <c>stop</c> or <c>length</c>.</summary>
    [Id(2)]
    public string? FinishReason { get; init; }

    /// <summary>Tokens of the prompt, on the last chunk.</summary>
    [Id(3)]
    public int PromptTokenCount { get; init; }

    /// <summary>Tokens generated, on the last chunk; an end token counts.</summary>
    [Id(4)]
    public int CompletionTokenCount { get; init; }
}

/// <summary>A token as text with its log-probability.</summary>
/// <param name="Text">Its text.</param>
/// <param name="LogProbability">Natural-log probability; null for a sequence's first token, which nothing precedes.</param>
/// <param name="Top">The likeliest tokens at its place.</param>
[GenerateSerializer, Immutable, Alias("halo.token-text")]
public sealed record TokenText(
    [property: Id(0)] string Text, [property: Id(1)] float? LogProbability, [property: Id(2)] TopToken[] Top);

/// <summary>One of the likeliest tokens.</summary>
/// <param name="Text">Its text.</param>
/// <param name="LogProbability">Its natural-log probability.</param>
[GenerateSerializer, Immutable, Alias("halo.top-token")]
public sealed record TopToken([property: Id(0)] string Text, [property: Id(1)] float LogProbability);
