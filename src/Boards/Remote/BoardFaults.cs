using Halo.Boards.Control;
using Halo.Boards.Weights;
using Halo.Fabric.Datagrams;
using Halo.Fabric.Streams.Sessions;
using Halo.Inference.Model;
using Halo.Planning.Assignment;

namespace Halo.Boards.Remote;

/// <summary>How a board's faults cross the control channel: as statuses, and back into the exceptions they were.</summary>
internal static class BoardFaults
{
    /// <summary>The status that stands for a fault; null where it is none that callers tell apart.</summary>
    internal static int? StatusOf(Exception fault) => fault switch
    {
        StepException => BoardStatus.Step,
        NotAttachedException => BoardStatus.NotAttached,
        PlanDoesNotFitException or NoRoomException => BoardStatus.PlanDoesNotFit,
        BoardBusyException => BoardStatus.Busy,
        DatagramsBlockedException { InvolvesHead: true } => BoardStatus.HeadBlocked,
        StreamConnectException or DatagramsBlockedException => BoardStatus.PeersApart,
        _ => null,
    };

    /// <summary>Why a fault means that the board is lost; null where it does not.</summary>
    internal static string? LossReason(this ControlException fault) => fault switch
    {
        { Fault: ControlFault.Unreachable or ControlFault.Silent } => fault.Message,
        { Fault: ControlFault.PeerRestarted } => "it was restarted",
        { Status: BoardStatus.NotAttached } => fault.Reason,
        _ => null,
    };

    /// <summary>The fault that a board told of.</summary>
    internal static Exception ToBoardFault(this ControlException fault, string board) => fault.Status switch
    {
        BoardStatus.PlanDoesNotFit => new PlanDoesNotFitException(fault.Reason!),
        BoardStatus.PeersApart => new PeersApartException(fault.Reason!),
        BoardStatus.HeadBlocked => new HeadBlockedException(fault.Reason!),
        BoardStatus.Step => new StepException(fault.Reason!),
        _ => new InvalidOperationException($"Board {board} could not do its part: {fault.Message}", fault),
    };
}
