namespace Halo.Boards.Control;

/// <summary>An answer that came through the seal; its status is below 400.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Body">The plain body.</param>
/// <param name="Peer">Who answered.</param>
public sealed record ControlReply(int Status, ReadOnlyMemory<byte> Body, ControlPeer Peer);

/// <summary>A board came back as another process.</summary>
/// <param name="before">What was known.</param>
/// <param name="now">Who is there now.</param>
public sealed class PeerRestartedEventArgs(ControlPeer before, ControlPeer now) : EventArgs
{
    /// <summary>What was known.</summary>
    public ControlPeer Before { get; } = before;

    /// <summary>Who is there now.</summary>
    public ControlPeer Now { get; } = now;
}
