using System.Diagnostics;
using Halo.Cli.Hosting;
using Halo.Grains;
using Halo.Inference.Tokenization;

namespace Halo.Cli.Eval;

/// <summary>
/// Has a model choose between the sentences of pairs: it takes the one whose tokens after BOS have the higher log-probability together. Equal ones,
/// and scores that are no numbers, count as wrong.
/// </summary>
internal sealed class ChoicesRun(ISchedulerGrain scheduler, int inFlight, ITokenizer tokenizer, int longest)
{
    /// <summary>Chooses, file by file; sequences of several files may share steps.</summary>
    /// <exception cref="CommandFault">A sentence has more tokens than <c>longest</c>, or too few to be scored.</exception>
    internal async Task<Choices> RunAsync(IReadOnlyList<PairFile> files, IProgress<double> progress, CancellationToken cancellationToken)
    {
        ScoredPiece[] pieces = [.. files.SelectMany(Pieces)];
        long start = Stopwatch.GetTimestamp();
        SequenceScore[] scores = await new SequenceScorer(scheduler, inFlight).RunAsync(pieces, progress, cancellationToken);
        TimeSpan elapsed = Stopwatch.GetElapsedTime(start);
        List<Accuracy> accuracies = [];
        int next = 0;
        foreach (PairFile file in files)
        {
            int right = Enumerable.Range(0, file.Pairs.Count).Count(pair => IsRight(scores.AsSpan(next + (2 * pair), 2)));
            accuracies.Add(new Accuracy(file.Pairs.Count, right));
            next += 2 * file.Pairs.Count;
        }

        return new Choices(accuracies, pieces.Sum(piece => (long)piece.ScoredCount), elapsed);
    }

    // Scores are negative: the smaller one is the likelier sentence.
    private static bool IsRight(ReadOnlySpan<SequenceScore> pair) => pair[0].Sum < pair[1].Sum;

    private IEnumerable<ScoredPiece> Pieces(PairFile file) =>
        file.Pairs.SelectMany((pair, index) => (ScoredPiece[])[Piece(pair.Good, file, index), Piece(pair.Bad, file, index)]);

    private ScoredPiece Piece(string sentence, PairFile file, int pair)
    {
        int[] tokens = tokenizer.Encode(sentence, tokenizer.AddBos);
        return tokens.Length switch
        {
            < 2 => throw new CommandFault($"{file.LineOf(pair)} has a sentence of {tokens.Length} tokens; the first of a sequence is not scored, so it needs 2."),
            _ when tokens.Length > longest => throw new CommandFault(
                $"{file.LineOf(pair)} has a sentence of {tokens.Length} tokens; the longest that can be scored has {longest}."),
            _ => new ScoredPiece(tokens, 1),
        };
    }
}

/// <summary>How often a model chose right.</summary>
/// <param name="Pairs">Pairs: n.</param>
/// <param name="Right">Pairs where it found the good sentence likelier.</param>
internal sealed record Accuracy(int Pairs, int Right)
{
    /// <summary>Share of the pairs, 0 to 1: a.</summary>
    internal double Value => Right / (double)Pairs;

    /// <summary>The binomial one, pairs taken as independent: <c>sqrt(a (1 - a) / n)</c>.</summary>
    internal double StandardError => Math.Sqrt(Value * (1 - Value) / Pairs);
}

/// <summary>What a model chose.</summary>
/// <param name="Files">How often it was right, file by file.</param>
/// <param name="Tokens">Tokens scored.</param>
/// <param name="Elapsed">Time the scoring took, without loading.</param>
internal sealed record Choices(IReadOnlyList<Accuracy> Files, long Tokens, TimeSpan Elapsed)
{
    /// <summary>Over all pairs, each counted once.</summary>
    internal Accuracy All { get; } = new(Files.Sum(file => file.Pairs), Files.Sum(file => file.Right));
}
