using Halo.Boards.Control;

namespace Halo.Boards.Remote;

/// <summary>The key of the heartbeats between a head process and a board: both derive it from the session in which the board was attached.</summary>
public static class HeartbeatKeys
{
    private const int KeyBytes = 32;

    /// <summary>32 bytes that only the two ends of the session know.</summary>
    public static byte[] Of(ControlSession session) => session.DeriveKey("heartbeat", KeyBytes);
}
