using Halo.Inference.Sampling;

namespace Halo.Boards.Steps;

/// <summary>What the head board must know of a sequence to pick its tokens.</summary>
public sealed record SequenceSpec
{
    /// <summary>The sequence, unique over the model's lifetime.</summary>
    public required long SequenceId { get; init; }

    /// <summary>Tokens that are given: a logit row followed by a given token scores it, every other one samples.</summary>
    public required IReadOnlyList<int> Tokens { get; init; }

    /// <summary>How many of the given tokens, at their end, were sampled before: the random numbers go on after them.</summary>
    public int SampledCount { get; init; }

    /// <summary>How tokens are sampled.</summary>
    public required SamplingParameters Sampling { get; init; }

    /// <summary>How many of the likeliest tokens to report with each logit row.</summary>
    public int TopCount { get; init; }
}
