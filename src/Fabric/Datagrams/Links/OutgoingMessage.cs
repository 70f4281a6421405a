using Halo.Fabric.Datagrams.Format;
using Halo.Fabric.Stages;
using Halo.Fabric.Streams;

namespace Halo.Fabric.Datagrams.Links;

/// <summary>A message to another board, whose bytes stay where they are until all chunks are acknowledged, or nobody needs them any more.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Key">Plan version, step, and stage or row.</param>
/// <param name="Elements">Elements, or tokens a row.</param>
/// <param name="FirstToken">First token, or place of a lost board.</param>
/// <param name="Buffer">Where the bytes lie.</param>
/// <param name="Start">Where they begin.</param>
/// <param name="Bytes">How many there are; may be 0.</param>
/// <param name="UnitBytes">Bytes that must not be cut apart: chunks have a multiple of them, but for the last.</param>
internal readonly record struct OutgoingMessage(
    FrameKind Kind, StageKey Key, int Elements, int FirstToken, byte[] Buffer, int Start, int Bytes, int UnitBytes)
{
    /// <summary>Bytes of all chunks but the last.</summary>
    internal int ChunkBytes => ChunkBytesOf(UnitBytes);

    /// <summary>Bytes of all chunks but the last of a message with such units.</summary>
    internal static int ChunkBytesOf(int unitBytes) => DatagramFormat.MaxChunkBytes / unitBytes * unitBytes;

    /// <summary>The head of the chunk that begins at an offset.</summary>
    internal ChunkHead HeadAt(long sequence, int offset) =>
        new(sequence, Kind, Key, Elements, FirstToken, offset, Bytes, Math.Min(ChunkBytes, Bytes - offset));
}
