using Halo.Inference.Model.Pieces;

namespace Halo.Inference.Model.Streaming;

/// <summary>How weights that do not fit a board's memory are streamed through it.</summary>
public sealed record StreamingOptions
{
    /// <summary>Reads in flight at once where nothing else is asked for: with pieces of some MiB two reach what a usual device gives.</summary>
    public const int UsualReaders = 2;

    /// <summary>
    /// How long a feed-forward stage waits for its neuron groups, counted from when compute gets to it; a group that is not loaded by then is
    /// missing from the step's sum. Null waits for all: the results are those of weights in memory.
    /// </summary>
    public TimeSpan? Deadline { get; init; }

    /// <summary>The order of loading; null is the groups' own.</summary>
    public IGroupOrder? Order { get; init; }

    /// <summary>The share of a stage's streamed neuron groups that is loaded, above 0 and up to 1, where a board chooses the order itself.</summary>
    public double Share { get; init; } = 1;

    /// <summary>What a piece of neuron groups is worth: the most important ones stay in memory. Null where that is not known.</summary>
    public Func<PieceId, double>? Importance { get; init; }

    /// <summary>Whether loading goes on while compute works; false, to compare: load, then compute.</summary>
    public bool Overlap { get; init; } = true;

    /// <summary>Reads in flight at once, at least 1.</summary>
    public int Readers { get; init; } = UsualReaders;

    /// <summary>The clock of the deadline.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    internal IPieceReader Reader { get; init; } = new DirectPieceReader();
}
