using Halo.Inference.Model.Observation;
using Halo.Inference.Regrouping;
using Halo.Planning.Importance;
using Halo.Planning.Importance.Fitting;

namespace Halo.Cli.Calibrate.Regroup;

/// <summary>
/// Finds a new order for a model's neurons and head groups and writes the model in it. Where neurons can be moved one by one, those that fire together
/// come into one group; then groups lie in descending mean importance.
/// </summary>
internal sealed class RegroupRun(CalibrationModel model, CalibrationText text, RegroupSetting setting, int threads)
{
    private const int ActivityTokens = 20_000;
    private const int MeanTokens = 10_000;

    // Shares of the time that the parts take, for the progress bar.
    private const double ActivityShare = 0.6;
    private const double MeanShare = 0.2;

    internal IReadOnlyList<RegroupReport> Run(IProgress<double> progress, CancellationToken cancellation)
    {
        ModelRegrouper.CheckType(model.Weights, setting.Type);
        ActivitySums activity = new(model, MovesNeurons, threads);
        Watch(Beginning(ActivityTokens), activity, activity.AddChunk, new PartOfProgress(progress, 0, ActivityShare), cancellation);
        float[][] meansBefore = [.. Enumerable.Range(0, model.StageCount).Select(activity.MeanShares)];

        int[][] orders = [.. Enumerable.Range(0, model.StageCount).Select(stage => Cluster(stage, activity, cancellation))];
        GroupParts[] parts = Reordered(orders);
        ShareMeans means = new(parts, orders);
        Watch(Beginning(MeanTokens), means, null, new PartOfProgress(progress, ActivityShare, MeanShare), cancellation);

        float[][] meansAfter = [.. Enumerable.Range(0, model.StageCount).Select(means.Of)];
        LayerOrder[] layers = [.. Enumerable.Range(0, model.Config.LayerCount).Select(layer => Order(layer, orders, meansAfter))];
        IReadOnlyList<RegroupReport> reports = Compare(meansBefore, parts, orders, meansAfter, cancellation);
        ModelRegrouper.Write(
            model.Weights, layers, setting.Output, setting.Type, new PartOfProgress(progress, ActivityShare + MeanShare, 1 - ActivityShare - MeanShare), cancellation);
        return reports;
    }

    private bool MovesNeurons(int layer) => ModelRegrouper.NeuronUnit(model.Weights.Layout, layer, setting.Type) == 1;

    private List<int[]> Beginning(long tokens)
    {
        List<int[]> sequences = [];
        foreach (int[] sequence in text.Fitting.TakeWhile(_ => tokens > 0))
        {
            sequences.Add(sequence);
            tokens -= sequence.Length;
        }

        return sequences;
    }

    private void Watch(
        List<int[]> sequences, IStageObserver observer, Action? chunkDone, PartOfProgress progress, CancellationToken cancellation)
    {
        for (int i = 0; i < sequences.Count; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            model.Run(sequences[i], observer, chunkDone: chunkDone);
            progress.Report((i + 1.0) / sequences.Count);
        }
    }

    // For each new place the old element of h; groups are not yet in the order of their importance.
    private int[] Cluster(int stage, ActivitySums activity, CancellationToken cancellation)
    {
        int width = model.Parts[stage].Width;
        double[]? products = stage % 2 == 1 ? activity.Products(stage / 2) : null;
        return products is null
            ? [.. Enumerable.Range(0, width)]
            : NeuronClusters.Order(products, width, model.Weights.Layout.NeuronGroupSize, cancellation);
    }

    private GroupParts[] Reordered(int[][] orders) => [.. model.Parts.Select((parts, stage) => parts.Reordered(orders[stage]))];

    private LayerOrder Order(int layer, int[][] orders, float[][] means)
    {
        int[] within = orders[(2 * layer) + 1];
        int groupSize = model.Weights.Layout.NeuronGroupSize;
        int[] neurons = LayerOrder.OfGroups(Descending(means[(2 * layer) + 1], within.Length % groupSize != 0), groupSize, within.Length);
        bool movesHeads = ModelRegrouper.CanMoveHeads(model.Weights.Layout, layer, setting.Type);
        int[] heads = movesHeads ? Descending(means[2 * layer], keepsLast: false) : [.. Enumerable.Range(0, model.Config.KvHeadCount)];
        return new LayerOrder(Array.ConvertAll(neurons, place => within[place]), heads);
    }

    // A last group with fewer neurons stays last.
    private static int[] Descending(float[] means, bool keepsLast)
    {
        int[] order = new int[means.Length];
        ImportanceMass.Rank(means, order);
        return keepsLast ? [.. order.Where(group => group != means.Length - 1), means.Length - 1] : order;
    }

    private RegroupReport[] Compare(
        float[][] meansBefore, GroupParts[] parts, int[][] orders, float[][] meansAfter, CancellationToken cancellation)
    {
        ConcentrationMeter before = new(model.Parts, null, meansBefore);
        ConcentrationMeter after = new(parts, orders, meansAfter);
        Both both = new(before, after);
        foreach (int[] sequence in text.HeldOut)
        {
            cancellation.ThrowIfCancellationRequested();
            model.Run(sequence, both);
        }

        return
        [
            .. Enumerable.Range(0, model.StageCount).Select(stage => new RegroupReport(
                stage / 2,
                stage % 2 == 0 ? "attention" : "feed-forward",
                before.Of(stage).Static,
                after.Of(stage).Static,
                before.Of(stage).Oracle,
                after.Of(stage).Oracle)),
        ];
    }

    private sealed class Both(IStageObserver first, IStageObserver second) : IStageObserver
    {
        void IStageObserver.Observe(in StageView stage)
        {
            first.Observe(stage);
            second.Observe(stage);
        }
    }
}
