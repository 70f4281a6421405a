using Halo.Grains;

namespace Halo.Cli.Eval;

/// <summary>Scores sequences through the scheduler, a few at a time so that they share steps.</summary>
/// <param name="scheduler">The model's.</param>
/// <param name="inFlight">Sequences at a time. With 1 the order of steps is always the same.</param>
internal sealed class SequenceScorer(ISchedulerGrain scheduler, int inFlight)
{
    /// <summary>Sequences at a time where nothing else is asked for.</summary>
    internal const int UsualInFlight = 4;

    /// <summary>The scores, in the order of the sequences: what is added up does not depend on which one ended first.</summary>
    internal async Task<SequenceScore[]> RunAsync(IReadOnlyList<ScoredPiece> pieces, IProgress<double> progress, CancellationToken cancellationToken)
    {
        SequenceScore[] scores = new SequenceScore[pieces.Count];
        int done = 0;
        ParallelOptions parallel = new() { MaxDegreeOfParallelism = inFlight, CancellationToken = cancellationToken };
        await Parallel.ForAsync(0, pieces.Count, parallel, async (index, stop) =>
        {
            scores[index] = await ScoreAsync(pieces[index], stop);
            progress.Report(Interlocked.Increment(ref done) / (double)pieces.Count);
        });
        return scores;
    }

    private async Task<SequenceScore> ScoreAsync(ScoredPiece piece, CancellationToken cancellationToken)
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
            ? new SequenceScore(sum, squareSum)
            : throw new InvalidOperationException($"{count} of {piece.ScoredCount} tokens of a sequence were scored.");
    }
}

/// <summary>The score of a sequence.</summary>
/// <param name="Sum">Sum of the negative log-probabilities of its tokens that count, natural.</param>
/// <param name="SquareSum">Sum of their squares.</param>
internal readonly record struct SequenceScore(double Sum, double SquareSum);
