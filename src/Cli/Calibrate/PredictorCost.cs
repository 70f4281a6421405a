using System.Diagnostics;
using Halo.Inference.Model;
using Halo.Inference.Threading;
using Halo.Planning.Importance;

namespace Halo.Cli.Calibrate;

/// <summary>Times a feed-forward and its predictor side by side: one token at a time on one thread, layer after layer as in decoding.</summary>
/// <param name="FeedForwardMicroseconds">Median over the rounds of one whole feed-forward of each layer, by layer.</param>
/// <param name="PredictorMicroseconds">The same of scoring its groups.</param>
internal sealed record PredictorCost(double[] FeedForwardMicroseconds, double[] PredictorMicroseconds)
{
    private const int Rounds = 300;
    private const int WarmUp = 50;

    /// <summary>Time of the predictors as a share of the feed-forwards' time, all layers together.</summary>
    internal double Share => PredictorMicroseconds.Sum() / FeedForwardMicroseconds.Sum();

    internal static PredictorCost Measure(ModelWeights weights, ModelImportance importance, CancellationToken cancellation)
    {
        ModelConfig config = weights.Config;
        using WorkerTeam team = new(1, "cost", spin: false);
        using LayerWalk walk = new(weights, new StepLimits(1, 1, 1), team);
        ShardTable shards = new(config.LayerCount);
        for (int layer = 0; layer < config.LayerCount; layer++)
        {
            shards.FeedForward[layer].Add(weights.LoadFeedForward(layer, 0, weights.Layout.NeuronGroupCount));
        }

        Step step = new();
        step.Rows.Add(new StepRow(0, 0, 0));
        float[] embedding = new float[config.HiddenSize];
        weights.Embedding.Lookup(0, 0, embedding);
        walk.Begin(step, embedding, shards);
        (double[][] forward, double[][] predictor) = Time(walk, importance, embedding, cancellation);
        foreach (FeedForwardShard shard in shards.FeedForward.SelectMany(layer => layer))
        {
            shard.Dispose();
        }

        return new PredictorCost(Array.ConvertAll(forward, Median), Array.ConvertAll(predictor, Median));
    }

    private static (double[][] Forward, double[][] Predictor) Time(
        LayerWalk walk, ModelImportance importance, float[] input, CancellationToken cancellation)
    {
        int layers = importance.Stages.Count / 2;
        double[][] forward = [.. Enumerable.Range(0, layers).Select(_ => new double[Rounds])];
        double[][] predictor = [.. Enumerable.Range(0, layers).Select(_ => new double[Rounds])];
        float[] output = new float[input.Length];
        float[] scores = new float[importance.Stages[1].GroupCount];
        for (int round = -WarmUp; round < Rounds; round++)
        {
            cancellation.ThrowIfCancellationRequested();
            for (int layer = 0; layer < layers; layer++)
            {
                long start = Stopwatch.GetTimestamp();
                importance.Stages[(2 * layer) + 1].Predictor!.Score(input, scores);
                long scored = Stopwatch.GetTimestamp();
                walk.FeedForward(layer, output);
                long end = Stopwatch.GetTimestamp();
                predictor[layer][Math.Max(0, round)] = Stopwatch.GetElapsedTime(start, scored).TotalMicroseconds;
                forward[layer][Math.Max(0, round)] = Stopwatch.GetElapsedTime(scored, end).TotalMicroseconds;
            }
        }

        return (forward, predictor);
    }

    private static double Median(double[] times)
    {
        Array.Sort(times);
        return times[times.Length / 2];
    }
}
