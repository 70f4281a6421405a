namespace Halo.Fabric.Streams;

/// <summary>Takes what comes from another board; called on the thread that receives.</summary>
internal interface IFrameReceiver
{
    /// <summary>Takes a frame; false where it makes no sense, which ends the connection. The payload is valid during the call.</summary>
    bool OnFrame(int peer, in StreamFrame frame, ReadOnlySpan<byte> payload);

    /// <summary>The connection is gone. Once a link, and not after it was disposed.</summary>
    void OnLost(int peer, string reason);
}
