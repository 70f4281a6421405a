using Halo.Fabric.Datagrams.Format;

namespace Halo.Fabric.Datagrams.Links;

/// <summary>Joins a board's links, for chunks that go over a third board.</summary>
internal interface IRelay
{
    /// <summary>Sends a chunk of one board on to another; false where there is no link to that one.</summary>
    bool Carry(int from, in ChunkHead head, ReadOnlySpan<byte> bytes, long now);

    /// <summary>Takes a chunk that another board carried; false where it makes no sense.</summary>
    bool TakeCarried(in ChunkHead head, ReadOnlySpan<byte> bytes, long now);
}
