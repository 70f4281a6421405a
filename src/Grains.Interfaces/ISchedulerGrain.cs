namespace Halo.Grains;

/// <summary>Composes the steps of one model; its key is the model's name. All sequences share steps.</summary>
[Alias("halo.scheduler")]
public interface ISchedulerGrain : IGrainWithStringKey
{
    /// <summary>
    /// Admits a sequence and yields its tokens: first the scores of given tokens that were asked for, then sampled tokens. Ending the
    /// enumeration early, or cancelling it, frees the sequence's KV within one step. Where a step fails because a board is lost, the model is planned
    /// anew and the sequence goes on where it was: no token comes twice, and those that come are the ones that would have come.
    /// </summary>
    /// <exception cref="ModelUnavailableException">No boards can go on with it, or its steps fail again and again.</exception>
    [Alias("run")]
    IAsyncEnumerable<TokenEvent> RunAsync(SequenceRequest request, CancellationToken cancellationToken = default);

    /// <summary>
    /// Switches to a prepared plan between two steps. The shards that move take over the last of their KV while no step is under way.
    /// </summary>
    /// <param name="version">The plan.</param>
    /// <param name="movedShards">Names of the shards that are on another board than before.</param>
    [Alias("switch-plan")]
    [ResponseTimeout("00:30:00")]
    Task SwitchPlanAsync(int version, string[] movedShards);

    /// <summary>
    /// The head board is about to stop: what has been admitted runs to its end, and nothing more is admitted here. Those who ask again later find its
    /// successor.
    /// </summary>
    [Alias("drain")]
    Task DrainAsync();

    /// <summary>What the scheduler has done and has to do.</summary>
    [Alias("statistics")]
    Task<SchedulerStatistics> GetStatisticsAsync();
}

/// <summary>A sequence to run.</summary>
[GenerateSerializer, Immutable, Alias("halo.sequence-request")]
public sealed record SequenceRequest
{
    /// <summary>The given tokens, at least one.</summary>
    [Id(0)]
    public required int[] Tokens { get; init; }

    /// <summary>Tokens to sample after the given ones; 0 only scores.</summary>
    [Id(1)]
    public required int MaxTokens { get; init; }

    /// <summary>How to sample.</summary>
    [Id(2)]
    public required SamplingOptions Sampling { get; init; }

    /// <summary>Tokens that end the sequence when sampled; the end token itself is reported.</summary>
    [Id(3)]
    public required int[] EndTokens { get; init; }

    /// <summary>How many of the likeliest tokens to report with each token.</summary>
    [Id(4)]
    public int TopCount { get; init; }

    /// <summary>The first given token, by position, whose score is wanted, at least 1; null for none.</summary>
    [Id(5)]
    public int? ScoreFrom { get; init; }

    /// <summary>
    /// The most given tokens that are computed in one step, at least 1; null for as many as fit. With 1 a text is scored as if it were generated, which
    /// is what boards that may miss sums are measured with.
    /// </summary>
    [Id(6)]
    public int? RowsPerStep { get; init; }

    /// <summary>Tokens that are guessed ahead: as in <see cref="Speculation"/>.</summary>
    [Id(7)]
    public int Speculate { get; init; }
}

/// <summary>How tokens are sampled. Ranges are checked by <c>Halo.Inference.Sampling.SamplingParameters</c>, which explains each.</summary>
[GenerateSerializer, Immutable, Alias("halo.sampling")]
public sealed record SamplingOptions
{
    /// <summary>Divides logits; 0 takes the likeliest token.</summary>
    [Id(0)]
    public float Temperature { get; init; } = 0.8f;

    /// <summary>Keeps this many of the likeliest tokens; 0 keeps all.</summary>
    [Id(1)]
    public int TopK { get; init; } = 40;

    /// <summary>Keeps the likeliest tokens up to this probability mass.</summary>
    [Id(2)]
    public float TopP { get; init; } = 0.95f;

    /// <summary>Keeps tokens of at least this share of the likeliest one's probability.</summary>
    [Id(3)]
    public float MinP { get; init; } = 0.05f;

    /// <summary>Weakens tokens seen before; 1 does nothing.</summary>
    [Id(4)]
    public float RepetitionPenalty { get; init; } = 1;

    /// <summary>Taken off a token's logit for each time it was seen.</summary>
    [Id(5)]
    public float FrequencyPenalty { get; init; }

    /// <summary>Taken off a token's logit once it was seen.</summary>
    [Id(6)]
    public float PresencePenalty { get; init; }

    /// <summary>Seed of the sequence's random numbers.</summary>
    [Id(7)]
    public ulong Seed { get; init; }
}

/// <summary>A token of a sequence, given or sampled.</summary>
/// <param name="Position">Its position in the sequence.</param>
/// <param name="Token">The token.</param>
/// <param name="LogProbability">Its natural-log probability under the model.</param>
/// <param name="Top">The likeliest tokens at its place, likeliest first; empty where none were asked for.</param>
[GenerateSerializer, Immutable, Alias("halo.token-event")]
public sealed record TokenEvent(
    [property: Id(0)] int Position, [property: Id(1)] int Token, [property: Id(2)] float LogProbability, [property: Id(3)] TokenScore[] Top);

/// <summary>A token with its natural-log probability.</summary>
/// <param name="Token">The token.</param>
/// <param name="LogProbability">Its log-probability.</param>
[GenerateSerializer, Immutable, Alias("halo.token-score")]
public readonly record struct TokenScore([property: Id(0)] int Token, [property: Id(1)] float LogProbability);

/// <summary>What a scheduler has done and has to do.</summary>
/// <param name="StepCount">Steps run so far.</param>
/// <param name="RowCount">Rows computed so far.</param>
/// <param name="ReusedPositionCount">Positions taken over from another sequence with the same beginning instead of being computed.</param>
/// <param name="RunningCount">Sequences that share steps now.</param>
/// <param name="WaitingCount">Sequences that wait for KV.</param>
/// <param name="ReplayedSequenceCount">Times that a sequence started over, as other boards, or the same ones joined anew, had nothing of it.</param>
/// <param name="ReplayedTokenCount">Tokens of those that had been computed before.</param>
/// <param name="DraftedTokenCount">Tokens that were guessed and computed, see <see cref="Speculation"/>.</param>
/// <param name="AcceptedTokenCount">Those of them that were what would have been sampled.</param>
[GenerateSerializer, Immutable, Alias("halo.scheduler-statistics")]
public sealed record SchedulerStatistics(
    [property: Id(0)] long StepCount,
    [property: Id(1)] long RowCount,
    [property: Id(2)] long ReusedPositionCount,
    [property: Id(3)] int RunningCount,
    [property: Id(4)] int WaitingCount,
    [property: Id(5)] long ReplayedSequenceCount = 0,
    [property: Id(6)] long ReplayedTokenCount = 0,
    [property: Id(7)] long DraftedTokenCount = 0,
    [property: Id(8)] long AcceptedTokenCount = 0);
