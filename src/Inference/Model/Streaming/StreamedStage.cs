using Halo.Inference.Model.Pieces;

namespace Halo.Inference.Model.Streaming;

/// <summary>A shard's pieces as compute takes them in a step: those in memory at once, the others as they come.</summary>
internal sealed class StreamedStage : IDisposable
{
    private readonly PieceStreamer _streamer;
    private bool _residentTaken;

    internal StreamedStage(PieceStreamer streamer, PieceSlot[] slots)
    {
        _streamer = streamer;
        Slots = slots;
        Kind = slots[0].Id.Kind;
        Layer = slots[0].Id.Layer;
    }

    internal PieceKind Kind { get; }

    internal int Layer { get; }

    /// <summary>All pieces, in the order of their groups.</summary>
    internal PieceSlot[] Slots { get; }

    /// <summary>Indices of the pieces that are streamed.</summary>
    internal int[] Streamed { get; private set; } = [];

    /// <summary>The same pieces by name.</summary>
    internal PieceId[] StreamedIds { get; private set; } = [];

    /// <summary>Begins the stage of the step at hand.</summary>
    internal void Enter()
    {
        _residentTaken = false;
        if (Streamed.Length > 0)
        {
            _streamer.Enter(this);
        }
    }

    /// <summary>Takes the pieces that can be computed now, and waits where there are none. Give them back with <see cref="Release"/>.</summary>
    /// <param name="ready">The pieces; cleared first.</param>
    /// <returns>False at the end of the stage.</returns>
    /// <exception cref="StepException">A piece cannot be read or is damaged; the message names it.</exception>
    internal unsafe bool Next(List<ReadyPiece> ready)
    {
        ready.Clear();
        if (!_residentTaken)
        {
            _residentTaken = true;
            for (int index = 0; index < Slots.Length; index++)
            {
                if (Slots[index].IsResident)
                {
                    ready.Add(new ReadyPiece(index, (nint)Slots[index].Resident, null));
                }
            }
        }

        return ready.Count > 0 || (Streamed.Length > 0 && _streamer.Next(ready));
    }

    /// <summary>Gives pieces back: their bytes are not looked at any more.</summary>
    internal void Release(List<ReadyPiece> ready)
    {
        if (ready.Exists(piece => piece.Load is not null))
        {
            _streamer.Release(ready);
        }

        ready.Clear();
    }

    /// <summary>Notes which pieces are in memory.</summary>
    internal void Settle()
    {
        Streamed = [.. Enumerable.Range(0, Slots.Length).Where(index => !Slots[index].IsResident)];
        StreamedIds = [.. Streamed.Select(index => Slots[index].Id)];
    }

    public void Dispose() => Array.ForEach(Slots, slot => slot.Dispose());
}

/// <summary>A piece that can be computed.</summary>
/// <param name="Index">Its place in the shard.</param>
/// <param name="Bytes">Where it lies, header first.</param>
/// <param name="Load">What loaded it; null where it stays in memory.</param>
internal readonly record struct ReadyPiece(int Index, nint Bytes, PieceLoad? Load);
