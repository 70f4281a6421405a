using Halo.Fabric.Datagrams.Format;
using Halo.Fabric.Datagrams.Links;
using Halo.Fabric.Datagrams.Relaxed;
using Halo.Fabric.Stages;
using Halo.Fabric.Streams;
using Halo.Fabric.Transport;

namespace Halo.Fabric.Datagrams;

/// <summary>Puts what other boards send where it belongs, and says what has come. Called inside the transport's gate.</summary>
/// <param name="headPlace">The head board's place.</param>
/// <param name="topology">Who may send sums to whom; of <see cref="Topology.Auto"/> either.</param>
/// <param name="exchange">Takes exact sums and totals.</param>
/// <param name="messages">Takes what is short.</param>
/// <param name="logits">Takes logits.</param>
/// <param name="relaxed">Takes relaxed sums; null where all is exact.</param>
internal sealed class DatagramArrivals(
    int headPlace, Topology topology, StageExchange exchange, DatagramMessages messages, LogitStore logits, RelaxedStages? relaxed) : IChunkReceiver
{
    /// <summary>Steps up to this are over: their sums are not looked at.</summary>
    internal long EndedStep { get; set; } = -1;

    /// <summary>Is told the topology of the step that is announced.</summary>
    internal required Action<Topology> Use { get; init; }

    /// <summary>Is told who gave a step up, which, and why.</summary>
    internal required Action<int, StageKey, string> TellOthers { get; init; }

    /// <summary>Is told a board that is lost and the reason.</summary>
    internal required Action<int, string> Lose { get; init; }

    /// <summary>Is told a board that another one has lost and the whole text.</summary>
    internal required Action<int, string> LoseElsewhere { get; init; }

    public ChunkVerdict OnChunk(int peer, in ChunkHead head, ReadOnlySpan<byte> bytes, long now)
    {
        bool isSum = head.Kind == FrameKind.PartialSum && (exchange.IsHead || topology != Topology.Star);
        bool isTotal = head.Kind == FrameKind.Total && peer == headPlace && topology != Topology.Mesh;
        if ((isSum || isTotal) && relaxed?.Takes(head.Elements) == true)
        {
            return head.Class == ChunkHead.Tail && (isTotal || !relaxed.IsTail(peer, head.Key.Stage)) ? ChunkVerdict.Nonsense : relaxed.Put(peer, head, bytes, now);
        }

        bool isLate = head.Key.StepNumber <= EndedStep;
        bool fits = head.Class == ChunkHead.Critical && head.Kind switch
        {
            FrameKind.Announcement => peer == headPlace && DatagramMessages.PutAnnouncement(exchange.Announcement, head, bytes),
            FrameKind.PartialSum => isSum && (isLate || messages.PutSum(exchange.Sums, peer, head, bytes)),
            FrameKind.Total => isTotal && (isLate || messages.PutSum(exchange.Totals, 0, head, bytes)),
            FrameKind.Logits => exchange.IsHead && logits.Put(head, bytes),
            FrameKind.EndStep => exchange.IsHead && messages.PutChecksum(peer, head, bytes),
            FrameKind.Residual => false,
            _ => messages.PutReason(peer, head, bytes),
        };
        return head.Kind == FrameKind.Residual && peer == headPlace && relaxed is not null ? relaxed.PutResidual(head, bytes, now)
            : fits ? ChunkVerdict.Taken
            : ChunkVerdict.Nonsense;
    }

    public bool OnMessage(int peer, in ChunkHead last)
    {
        bool isExact = last.Key.StepNumber > EndedStep && relaxed?.Takes(last.Elements) != true;
        switch (last.Kind)
        {
            case FrameKind.Announcement:
                Use((Topology)last.FirstToken);
                exchange.Announced(last.Key.StepNumber, last.MessageBytes);
                break;
            case FrameKind.PartialSum when isExact:
                exchange.Sums.Arrived(peer, last.Key, last.MessageBytes == 0 ? 0 : last.Elements);
                break;
            case FrameKind.Total when isExact:
                exchange.Totals.Arrived(0, last.Key, last.Elements);
                break;
            case FrameKind.EndStep:
                exchange.Sums.EndStep(peer, last.Key.StepNumber, messages.Checksum(peer));
                break;
            case FrameKind.Abort:
                string reason = messages.Reason(peer, last);
                exchange.Abort(last.Key.StepNumber, reason);
                TellOthers(peer, last.Key, reason);
                break;
            case FrameKind.Lost:
                LoseElsewhere(last.FirstToken, messages.Reason(peer, last));
                break;
        }

        return true;
    }

    public void OnBroken(int peer, string reason) => Lose(peer, reason);
}
