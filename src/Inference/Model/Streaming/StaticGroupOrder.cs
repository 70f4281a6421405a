using Halo.Inference.Model.Pieces;

namespace Halo.Inference.Model.Streaming;

/// <summary>The same order in each step: by what groups are worth on average.</summary>
public sealed class StaticGroupOrder : IGroupOrder
{
    private readonly Func<PieceId, double>? _importance;
    private readonly double _share;

    /// <param name="importance">What a piece is worth; null keeps the pieces' own order.</param>
    /// <param name="share">The share of a stage's streamed pieces that is loaded, above 0 and up to 1; at least one is.</param>
    public StaticGroupOrder(Func<PieceId, double>? importance, double share = 1)
    {
        if (share is not (> 0 and <= 1))
        {
            throw new ArgumentOutOfRangeException(nameof(share), $"A share of {share} of the groups is none; a number above 0 and up to 1 is needed.");
        }

        _importance = importance;
        _share = share;
    }

    /// <summary>The worth of a piece as the sum of its groups'.</summary>
    /// <param name="stages">For each layer what each neuron group is worth; a layer may be empty, and its groups are then worth the same.</param>
    public static Func<PieceId, double> OfGroups(IReadOnlyList<IReadOnlyList<float>> stages) => piece =>
    {
        IReadOnlyList<float> groups = piece.Layer >= 0 && piece.Layer < stages.Count ? stages[piece.Layer] : [];
        double sum = 0;
        for (int group = piece.FirstGroup; group < Math.Min(groups.Count, piece.FirstGroup + piece.GroupCount); group++)
        {
            sum += groups[group];
        }

        return sum;
    };

    /// <inheritdoc/>
    public int Arrange(int layer, IReadOnlyList<PieceId> pieces, Span<int> order)
    {
        if (_importance is not null)
        {
            order.Sort((a, b) => _importance(pieces[b]).CompareTo(_importance(pieces[a])) is var byWorth and not 0 ? byWorth : a.CompareTo(b));
        }

        return (int)Math.Ceiling(_share * pieces.Count);
    }

    /// <inheritdoc/>
    public void Observe(PieceKind kind, int layer, ReadOnlySpan<float> input)
    {
    }
}
