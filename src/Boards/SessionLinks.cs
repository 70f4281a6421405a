using Halo.Boards.Remote;
using Halo.Fabric.Datagrams;

namespace Halo.Boards;

/// <summary>How a board exchanges the sums of a model with others, and what it knows of its links.</summary>
/// <param name="Session">How; null where it is not joined with boards of other processes.</param>
/// <param name="Links">Its links in the order of the boards; empty where nothing measures them, and when the session has ended.</param>
public sealed record SessionLinks(SessionInfo? Session, IReadOnlyList<LinkStatistics> Links)
{
    /// <summary>A board that exchanges nothing.</summary>
    public static SessionLinks None { get; } = new(null, []);
}

/// <summary>How boards of several processes are joined for a model.</summary>
/// <param name="Transport">How sums travel.</param>
/// <param name="Note">Why they do not travel as was asked, for operators; null where they do. Only the head board knows.</param>
public sealed record SessionInfo(SessionTransport Transport, string? Note = null);
