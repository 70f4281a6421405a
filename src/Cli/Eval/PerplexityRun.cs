using System.Diagnostics;
using Halo.Grains;

namespace Halo.Cli.Eval;

/// <summary>Scores the sequences of a text and adds them up.</summary>
internal sealed class PerplexityRun(ISchedulerGrain scheduler, IReadOnlyList<ScoredPiece> pieces, int inFlight = PerplexityRun.SequencesInFlight)
{
    internal const int SequencesInFlight = SequenceScorer.UsualInFlight;

    internal async Task<Perplexity> RunAsync(IProgress<double> progress, CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        SequenceScore[] scores = await new SequenceScorer(scheduler, inFlight).RunAsync(pieces, progress, cancellationToken);
        long tokens = pieces.Sum(piece => (long)piece.ScoredCount);
        return new Perplexity(tokens, scores.Sum(score => score.Sum), scores.Sum(score => score.SquareSum), Stopwatch.GetElapsedTime(start))
        {
            Pieces = [.. scores.Zip(pieces, (score, piece) => (score.Sum, piece.ScoredCount))],
        };
    }
}

/// <summary>The sums of a text's scores.</summary>
/// <param name="Tokens">Tokens scored: N.</param>
/// <param name="Sum">Sum of their negative log-probabilities, natural: S.</param>
/// <param name="SquareSum">Sum of the squares: Q.</param>
/// <param name="Elapsed">Time the scoring took, without loading.</param>
internal sealed record Perplexity(long Tokens, double Sum, double SquareSum, TimeSpan Elapsed)
{
    /// <summary>Of each sequence: the sum of its tokens' scores, and how many there are.</summary>
    internal IReadOnlyList<(double Sum, int Count)> Pieces { get; init; } = [];

    /// <summary>Mean negative log-probability: S / N, nats per token.</summary>
    internal double Nll => Sum / Tokens;

    /// <summary><c>exp(S / N)</c>.</summary>
    internal double Value => Math.Exp(Nll);

    /// <summary><c>exp(S / N) * sqrt((Q / N - (S / N)^2) / (N - 1))</c>, tokens taken as independent: llama.cpp's figure.</summary>
    internal double StandardError => Tokens > 1 ? Value * Math.Sqrt(Math.Max(0, (SquareSum / Tokens) - (Nll * Nll)) / (Tokens - 1)) : 0;
}
