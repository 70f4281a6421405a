namespace Halo.Inference.Model.Streaming;

/// <summary>The loading of one stage for one step. Guarded by the streamer's lock.</summary>
internal sealed class StageRun
{
    private readonly int[] _order; // places in the shard, in the order of loading
    private int _started;

    /// <param name="stage">The stage.</param>
    /// <param name="step">The step, counted by the streamer.</param>
    /// <param name="order">Places of the pieces to load, in their order.</param>
    /// <param name="wanted">How many of them, from the front, are loaded.</param>
    internal StageRun(StreamedStage stage, long step, int[] order, int wanted)
    {
        Stage = stage;
        Step = step;
        _order = order;
        Wanted = wanted;
    }

    internal StreamedStage Stage { get; }

    internal long Step { get; }

    /// <summary>Pieces that this run loads; fewer once the deadline has passed.</summary>
    internal int Wanted { get; private set; }

    /// <summary>Pieces that compute has taken.</summary>
    internal int Delivered { get; set; }

    /// <summary>Whether the run is over: nobody waits for what is still being read.</summary>
    internal bool IsClosed { get; private set; }

    internal Queue<PieceLoad> Ready { get; } = new();

    /// <summary>Why a piece could not be loaded; null where none failed.</summary>
    internal string? Fault { get; set; }

    internal bool IsStarted => _started == Wanted;

    /// <summary>Whether compute has taken all that it will get.</summary>
    internal bool IsOver => Delivered == Wanted;

    internal PieceSlot NextSlot => Stage.Slots[_order[_started]];

    internal PieceLoad Start(BufferRing.Room room) => new(this, _order[_started++], room);

    /// <summary>Ends the run: what compute has not taken is given up.</summary>
    /// <returns>Pieces that are missing.</returns>
    internal int Close()
    {
        int missing = Wanted - Delivered;
        (IsClosed, Wanted) = (true, Delivered);
        _started = Wanted;
        return missing;
    }
}

/// <summary>One piece on its way from storage to compute.</summary>
/// <param name="run">The stage it is for.</param>
/// <param name="index">Its place in the shard.</param>
/// <param name="room">Where it goes.</param>
internal sealed class PieceLoad(StageRun run, int index, BufferRing.Room room)
{
    internal StageRun Run => run;

    internal int Index => index;

    internal BufferRing.Room Room => room;

    internal PieceSlot Slot => run.Stage.Slots[index];
}
