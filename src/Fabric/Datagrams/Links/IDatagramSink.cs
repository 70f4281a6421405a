using Halo.Fabric.Datagrams.Format;

namespace Halo.Fabric.Datagrams.Links;

/// <summary>Sends datagrams.</summary>
internal interface IDatagramSink
{
    /// <summary>Sends a datagram to a board, at the latest with <see cref="Flush"/>, or loses it. The bytes may be reused when this returns.</summary>
    void Send(int peer, ReadOnlySpan<byte> datagram);

    /// <summary>Sends what waits for more datagrams to go with.</summary>
    void Flush()
    {
    }
}

/// <summary>Takes what comes from other boards, once each.</summary>
internal interface IChunkReceiver
{
    /// <summary>Puts a chunk's bytes in place, in any order. A chunk of the tail may come more than once.</summary>
    ChunkVerdict OnChunk(int peer, in ChunkHead head, ReadOnlySpan<byte> bytes, long now);

    /// <summary>A message is whole; false where it makes no sense. In the order in which they were sent.</summary>
    /// <param name="peer">The sender.</param>
    /// <param name="last">The head of its last chunk.</param>
    bool OnMessage(int peer, in ChunkHead last);

    /// <summary>A link is of no use: an authenticated board sent what makes no sense, or nothing has ever come over it.</summary>
    void OnBroken(int peer, string reason);
}
