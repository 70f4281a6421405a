using Halo.Fabric.Streams.Sessions;

namespace Halo.Boards.Remote;

/// <summary>A board in another process that can be joined with the head board of this one.</summary>
internal interface ISessionMember
{
    /// <summary>Where other boards dial it.</summary>
    StreamPeer Place { get; }

    /// <summary>Lets the board take part in a session; ends when it is connected with all its boards and follows the steps.</summary>
    Task OpenSessionAsync(SessionRequest request);

    /// <summary>Ends a session on the board.</summary>
    Task CloseAsync(Guid session);

    /// <summary>The board does not answer any more, for a reason that follows "is lost: ".</summary>
    void Lose(string reason);
}
