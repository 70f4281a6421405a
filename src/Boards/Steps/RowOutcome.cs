using Halo.Inference.Sampling;

namespace Halo.Boards.Steps;

/// <summary>What became of one logit row: the token that follows it. Rows of wrong guesses have none.</summary>
/// <param name="SequenceId">The sequence.</param>
/// <param name="Position">The row's position.</param>
/// <param name="TokenId">The token at the next position: the given one, or the one that was sampled.</param>
/// <param name="LogProbability">Its natural-log probability under the model, before temperature and penalties.</param>
/// <param name="Top">The likeliest tokens, likeliest first; null where none were asked for.</param>
public readonly record struct RowOutcome(
    long SequenceId, int Position, int TokenId, float LogProbability, IReadOnlyList<TokenLogProbability>? Top);
