using Halo.Inference.Model.Pieces;

namespace Halo.Inference.Model.Streaming;

/// <summary>Scores the neuron groups of a layer from the normalised input of one of its stages, larger for more important. It must be quick.</summary>
/// <param name="kind">The stage that the input is of: the layer's attention, half a layer ahead, or its feed-forward.</param>
/// <param name="layer">The layer.</param>
/// <param name="input">A row of the step, (hiddenSize).</param>
/// <param name="scores">(groups of the layer), written.</param>
/// <returns>False where it has nothing to say from this input; what was written is then not looked at.</returns>
public delegate bool GroupScorer(PieceKind kind, int layer, ReadOnlySpan<float> input, Span<float> scores);

/// <summary>
/// Loads first what a predictor holds most important for the step at hand, and leaves out the rest of the share. Where loading is ahead of the inputs
/// that a prediction is made from, the latest prediction for that layer counts.
/// </summary>
public sealed class PredictedGroupOrder : IGroupOrder
{
    private readonly Lock _gate = new();
    private readonly GroupScorer _scorer;
    private readonly double _share;
    private readonly float[][] _scores;  // per layer (groups): the most of any row of the step
    private readonly float[] _row;       // (groups)
    private readonly (PieceKind Kind, bool IsUsed)[] _state; // per layer: what the scores were made from, and whether a stage was ordered by them

    /// <param name="layerCount">Layers.</param>
    /// <param name="groupCount">Neuron groups of a layer.</param>
    /// <param name="scorer">The predictor.</param>
    /// <param name="share">The share of a stage's streamed pieces that is loaded, above 0 and up to 1; at least one is.</param>
    public PredictedGroupOrder(int layerCount, int groupCount, GroupScorer scorer, double share = 1)
    {
        if (share is not (> 0 and <= 1))
        {
            throw new ArgumentOutOfRangeException(nameof(share), $"A share of {share} of the groups is none; a number above 0 and up to 1 is needed.");
        }

        _scorer = scorer;
        _share = share;
        _scores = [.. Enumerable.Range(0, layerCount).Select(_ => new float[groupCount])];
        _row = new float[groupCount];
        _state = new (PieceKind, bool)[layerCount];
        Array.Fill(_state, (PieceKind.Vocabulary, true));
    }

    /// <inheritdoc/>
    public int Arrange(int layer, IReadOnlyList<PieceId> pieces, Span<int> order)
    {
        Span<double> worth = pieces.Count <= 256 ? stackalloc double[pieces.Count] : new double[pieces.Count];
        lock (_gate)
        {
            for (int i = 0; i < pieces.Count; i++)
            {
                worth[i] = -Largest(layer, pieces[i]);
            }

            _state[layer].IsUsed = true;
        }

        worth.Sort(order); // by worth, then as it comes: equal ones may change places
        return (int)Math.Ceiling(_share * pieces.Count);
    }

    /// <inheritdoc/>
    public void Observe(PieceKind kind, int layer, ReadOnlySpan<float> input)
    {
        if (!_scorer(kind, layer, input, _row))
        {
            return;
        }

        lock (_gate)
        {
            // Further rows of a stage add to what its first row said; another stage, or one that was ordered, begins anew.
            bool isNew = _state[layer] is { IsUsed: true } || _state[layer].Kind != kind;
            for (int group = 0; group < _row.Length; group++)
            {
                _scores[layer][group] = isNew ? _row[group] : Math.Max(_scores[layer][group], _row[group]);
            }

            _state[layer] = (kind, false);
        }
    }

    // A piece is as important as its most important group.
    private float Largest(int layer, PieceId piece)
    {
        float largest = float.NegativeInfinity;
        for (int group = piece.FirstGroup; group < piece.FirstGroup + piece.GroupCount; group++)
        {
            largest = Math.Max(largest, _scores[layer][group]);
        }

        return largest;
    }
}
