namespace Halo.Boards.Remote;

/// <summary>HTTP statuses by which the head process tells a board's faults apart.</summary>
internal static class BoardStatus
{
    /// <summary>What was asked does not fit what the board holds.</summary>
    internal const int Step = 409;

    /// <summary>The caller is not the head process that the board serves.</summary>
    internal const int NotAttached = 421;

    /// <summary>The board's memory or disk is too small for its part of a plan.</summary>
    internal const int PlanDoesNotFit = 422;

    /// <summary>No datagrams pass between the board and the head board.</summary>
    internal const int HeadBlocked = 428;

    /// <summary>The board could not reach another board of a session, or that one did not come.</summary>
    internal const int PeersApart = 424;

    /// <summary>The board serves another head process.</summary>
    internal const int Busy = 423;
}
