using Halo.Inference.Model.Pieces;
using Halo.Inference.Model.Streaming;
using Halo.Planning.Importance;

namespace Halo.Boards.Weights;

/// <summary>In which order neuron groups are streamed: what calibration predicts to matter most for the token first.</summary>
internal static class StreamingOrder
{
    /// <summary>Options with an order, where they have none.</summary>
    /// <param name="options">How to stream.</param>
    /// <param name="importance">What calibration found; null where the model was not calibrated.</param>
    internal static StreamingOptions Apply(StreamingOptions options, ModelImportance? importance)
    {
        if (options.Order is not null)
        {
            return options;
        }

        Func<PieceId, double>? worth = importance is null ? null : id => Worth(importance, id);
        options = options with { Importance = options.Importance ?? worth };
        return importance is { Stages: [_, { EarlyPredictor: not null }, ..] }
            ? options with { Order = Predicted(importance, options.Share) }
            : options with { Order = options.Share < 1 || worth is not null ? new StaticGroupOrder(worth, options.Share) : null };
    }

    // Half a layer ahead: from the input of the same layer's attention, so that loading is done when the feed-forward begins.
    private static PredictedGroupOrder Predicted(ModelImportance importance, double share) =>
        new(importance.Stages.Count / 2, importance.Stages[1].GroupCount, (kind, layer, input, scores) =>
        {
            StageImportance stage = importance.Stages[(2 * layer) + 1];
            if ((kind == PieceKind.Attention ? stage.EarlyPredictor : stage.Predictor) is not { } predictor)
            {
                return false;
            }

            predictor.Score(input, scores);
            return true;
        }, share);

    private static double Worth(ModelImportance importance, PieceId id) => id.Kind switch
    {
        PieceKind.Attention => Sum(importance.Stages[2 * id.Layer], id),
        PieceKind.FeedForward => Sum(importance.Stages[(2 * id.Layer) + 1], id),
        _ => double.MaxValue, // tokens are of every step
    };

    private static double Sum(StageImportance stage, PieceId id) =>
        Enumerable.Range(id.FirstGroup, id.GroupCount).Sum(group => (double)stage.Mean[group]) / id.GroupCount;
}
