using System.Diagnostics;
using Halo.Grains;

namespace Halo.Cli.Eval;

/// <summary>Scores sequences through the scheduler, a few at a time so that they share steps.</summary>
internal sealed class PerplexityRun(ISchedulerGrain scheduler, IReadOnlyList<ScoredPiece> pieces, int inFlight)
{
    internal const int SequencesInFlight = 4;

    /// <summary>Sums are kept for each sequence and added in their order: the result does not depend on which one ended first.</summary>
    internal async Task<Perplexity> RunAsync(IProgress<double> progress, CancellationToken cancellationToken)
    {
        (double Sum, double SquareSum)[] sums = new (double, double)[pieces.Count];
        int done = 0;
        long start = Stopwatch.GetTimestamp();
        ParallelOptions parallel = new() { MaxDegreeOfParallelism = inFlight, CancellationToken = cancellationToken };
        await Parallel.ForAsync(0, pieces.Count, parallel, async (index, stop) =>
        {
            sums[index] = await ScoreAsync(pieces[index], stop);
            progress.Report(Interlocked.Increment(ref done) / (double)pieces.Count);
        });
        long tokens = pieces.Sum(piece => (long)piece.ScoredCount);
        return new Perplexity(tokens, sums.Sum(sum => sum.Sum), sums.Sum(sum => sum.SquareSum), Stopwatch.GetElapsedTime(start))
        {
            Pieces = [.. sums.Zip(pieces, (sum, piece) => (sum.Sum, piece.ScoredCount))],
        };
    }

    private async Task<(double Sum, double SquareSum)> ScoreAsync(ScoredPiece piece, CancellationToken cancellationToken)
    {
        SequenceRequest request = new()
        {
            Tokens = piece.Tokens,
            MaxTokens = 0,
            Sampling = new SamplingOptions { Temperature = 0 },
            EndTokens = [],
            ScoreFrom = piece.ScoreFrom,
        };
        double sum = 0;
        double squareSum = 0;
        int count = 0;
        await foreach (TokenEvent token in scheduler.RunAsync(request, cancellationToken))
        {
            double nll = -(double)token.LogProbability;
            sum += nll;
            squareSum += nll * nll;
            count++;
        }

        return count == piece.ScoredCount
            ? (sum, squareSum)
            : throw new InvalidOperationException($"{count} of {piece.ScoredCount} tokens of a sequence were scored.");
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
