using Halo.Fabric.Datagrams.Format;

namespace Halo.Fabric.Datagrams.Links;

/// <summary>Sends the sums of a tail, whose chunks are neither acknowledged nor sent again.</summary>
internal static class TailSender
{
    /// <summary>Sends a message straight.</summary>
    /// <param name="link">The link to its receiver.</param>
    /// <param name="message">The message; its bytes may be reused when this returns.</param>
    /// <param name="copies">Times that it is sent.</param>
    /// <param name="now">The time, in microseconds.</param>
    internal static void Send(DatagramLink link, in OutgoingMessage message, int copies, long now)
    {
        for (int copy = 0; copy < copies; copy++)
        {
            Send(link, message, new ChunkHead { Class = ChunkHead.Tail, Copy = (byte)copy }, now);
        }
    }

    /// <summary>Sends a message over a third board.</summary>
    /// <param name="third">The link to that board.</param>
    /// <param name="receiver">The receiver's place.</param>
    /// <param name="message">The message.</param>
    /// <param name="now">The time, in microseconds.</param>
    internal static void SendOver(DatagramLink third, int receiver, in OutgoingMessage message, long now) =>
        Send(third, message, new ChunkHead { Class = ChunkHead.Tail, Copy = 1, Route = ChunkRoute.ToCarry, Place = (byte)receiver }, now);

    private static void Send(DatagramLink over, in OutgoingMessage message, in ChunkHead how, long now)
    {
        int offset = 0;
        do
        {
            ChunkHead head = message.HeadAt(0, offset) with { Class = how.Class, Copy = how.Copy, Route = how.Route, Place = how.Place };
            over.SendLoose(head, message.Buffer.AsSpan(message.Start + offset, head.ChunkBytes), now);
            offset += head.ChunkBytes;
        }
        while (offset < message.Bytes);
    }
}
