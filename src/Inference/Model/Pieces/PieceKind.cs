namespace Halo.Inference.Model.Pieces;

/// <summary>What a piece's groups are. The numbers are written to piece files.</summary>
public enum PieceKind
{
    /// <summary>Head groups of one layer: query, key, value and their columns of the output projection.</summary>
    Attention = 0,

    /// <summary>Neuron groups of one layer: gate, up and their columns of the down projection.</summary>
    FeedForward = 1,

    /// <summary>Token groups: rows of the LM head.</summary>
    Vocabulary = 2,
}
