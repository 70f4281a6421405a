using Halo.Fabric.Datagrams.Format;

namespace Halo.Fabric.Datagrams.Links;

/// <summary>What taking a chunk depends on.</summary>
/// <param name="Now">The time.</param>
/// <param name="AcknowledgeWithin">How long an acknowledgement may be kept back.</param>
/// <param name="ExpectsParity">Whether parity may follow, so that bytes must be kept.</param>
internal readonly record struct IntakeMoment(long Now, long AcknowledgeWithin, bool ExpectsParity);

/// <summary>Takes one board's chunks, once each whichever way they came, and says by when they are to be acknowledged. Times are microseconds.</summary>
/// <param name="peer">The other board.</param>
/// <param name="receiver">Where bytes belong.</param>
internal sealed class ChunkIntake(int peer, IChunkReceiver receiver)
{
    private readonly IncomingParity _parity = new();

    /// <summary>Which have come.</summary>
    internal IncomingChunks Chunks { get; } = new();

    /// <summary>When the other board must be answered; <see cref="long.MaxValue"/> where it waits for nothing.</summary>
    internal long AnswerBy { get; set; } = long.MaxValue;

    /// <summary>Chunks that had come before.</summary>
    internal long Duplicates { get; private set; }

    /// <summary>Chunks rebuilt from parity.</summary>
    internal long Recovered { get; private set; }

    /// <summary>Takes a chunk that came, and what it makes it possible to rebuild; false where one makes no sense.</summary>
    internal bool Take(in ChunkHead head, ReadOnlySpan<byte> bytes, in IntakeMoment moment) =>
        Put(head, bytes, moment) && (!_parity.HasPending || TakeRebuilt(moment));

    /// <summary>Takes parity, and what it makes it possible to rebuild; false where one makes no sense.</summary>
    internal bool TakeParity(in ChunkHead head, ReadOnlySpan<byte> bytes, in IntakeMoment moment) =>
        ParityChunk.TryRead(head, out ParityChunk parity) && _parity.TryAdd(parity, bytes, Chunks) && TakeRebuilt(moment);

    private bool TakeRebuilt(in IntakeMoment moment)
    {
        ParityFinding finding;
        while ((finding = _parity.Find(Chunks, out ChunkHead head, out ReadOnlySpan<byte> bytes)) == ParityFinding.Chunk)
        {
            Recovered++;
            if (!Put(head, bytes, moment))
            {
                return false;
            }
        }

        return finding != ParityFinding.Nonsense;
    }

    private bool Put(in ChunkHead head, ReadOnlySpan<byte> bytes, in IntakeMoment moment)
    {
        if (head.Class == ChunkHead.Tail)
        {
            return receiver.OnChunk(peer, head, bytes, moment.Now) != ChunkVerdict.Nonsense;
        }

        switch (Chunks.FateOf(head.Sequence))
        {
            case ChunkFate.TooFar:
                return false;
            case ChunkFate.Duplicate:
                // A resend asks whether the acknowledgement was lost; a copy does not.
                Duplicates++;
                AnswerBy = Math.Min(AnswerBy, moment.Now + moment.AcknowledgeWithin);
                return true;
        }

        switch (receiver.OnChunk(peer, head, bytes, moment.Now))
        {
            case ChunkVerdict.Nonsense:
                return false;
            case ChunkVerdict.TooEarly:
                return true; // neither taken nor acknowledged: it is sent again
        }

        Chunks.Take(head);
        _parity.Keep(head, bytes, isExpected: moment.ExpectsParity);
        AnswerBy = Chunks.HasGap ? moment.Now : Math.Min(AnswerBy, moment.Now + moment.AcknowledgeWithin);
        while (Chunks.TryTell(out ChunkHead last))
        {
            if (!receiver.OnMessage(peer, last))
            {
                return false;
            }
        }

        return true;
    }
}
