using System.Buffers.Binary;
using System.Text;
using Halo.Fabric.Datagrams.Format;
using Halo.Fabric.Datagrams.Links;
using Halo.Fabric.Stages;
using Halo.Fabric.Streams;
using Halo.Fabric.Transport;
using Halo.Fabric.Wire;

namespace Halo.Fabric.Datagrams;

/// <summary>
/// Where what comes from other boards belongs: sums and logits straight in their buffers, chunk by chunk, short messages aside until they are
/// whole. Every length and place is checked before a byte is written.
/// </summary>
/// <param name="size">Sizes of buffers.</param>
/// <param name="wireType">How elements travel.</param>
internal sealed class DatagramMessages(FabricSize size, WireType wireType)
{
    private readonly int _unitBytes = SumEncoder.UnitBytes(wireType);
    private readonly ulong[] _checksums = new ulong[size.BoardCount];
    private readonly byte[]?[] _reasons = new byte[]?[2 * size.BoardCount];

    /// <summary>The checksum of a board's last end of a step.</summary>
    internal ulong Checksum(int peer) => _checksums[peer];

    /// <summary>The reason that a whole message gave.</summary>
    internal string Reason(int peer, in ChunkHead last) => Encoding.UTF8.GetString(_reasons[ReasonIndex(peer, last.Kind)]!.AsSpan(0, last.MessageBytes));

    internal static bool PutAnnouncement(byte[] announcement, in ChunkHead head, ReadOnlySpan<byte> bytes)
    {
        bool fits = head.MessageBytes <= announcement.Length && head.MessageBytes > 0 && (Topology)head.FirstToken is Topology.Mesh or Topology.Star;
        if (fits)
        {
            bytes.CopyTo(announcement.AsSpan(head.Offset));
        }

        return fits;
    }

    /// <summary>Puts a chunk of a sum in its inbox.</summary>
    /// <param name="inbox">The inbox.</param>
    /// <param name="place">Whose sum it is there.</param>
    /// <param name="head">The chunk.</param>
    /// <param name="bytes">Its bytes.</param>
    internal bool PutSum(StageInbox inbox, int place, in ChunkHead head, ReadOnlySpan<byte> bytes)
    {
        if ((uint)head.Elements > (uint)(size.MaxRows * size.HiddenSize) || (uint)head.Key.Stage >= (uint)size.StageCount
            || (head.MessageBytes != 0 && head.MessageBytes != WireCodec.ByteCount(wireType, head.Elements)) || head.Offset % _unitBytes != 0
            || (bytes.Length % _unitBytes != 0 && !head.IsLast))
        {
            return false;
        }

        if (head.MessageBytes == 0)
        {
            return true; // the board holds no shard of the stage
        }

        int first = head.Offset / _unitBytes * SumEncoder.UnitElements;
        int count = head.IsLast ? head.Elements - first : bytes.Length / _unitBytes * SumEncoder.UnitElements;
        WireCodec.Decode(wireType, bytes, inbox.Buffer(place, head.Key, head.Elements).Slice(first, count));
        return true;
    }

    internal bool PutChecksum(int peer, in ChunkHead head, ReadOnlySpan<byte> bytes)
    {
        bool fits = head.MessageBytes == sizeof(ulong) && bytes.Length == sizeof(ulong);
        if (fits)
        {
            _checksums[peer] = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        }

        return fits;
    }

    internal bool PutReason(int peer, in ChunkHead head, ReadOnlySpan<byte> bytes)
    {
        bool fits = head.MessageBytes <= StreamFrame.MaxReasonBytes && (head.Kind == FrameKind.Abort || (uint)head.FirstToken < (uint)size.BoardCount);
        if (fits)
        {
            byte[] buffer = _reasons[ReasonIndex(peer, head.Kind)] ??= new byte[StreamFrame.MaxReasonBytes];
            bytes.CopyTo(buffer.AsSpan(head.Offset));
        }

        return fits;
    }

    /// <summary>A message whose bytes need not stay together.</summary>
    internal static OutgoingMessage Of(FrameKind kind, StageKey key, byte[] buffer, int length, int firstToken = 0) =>
        new(kind, key, 0, firstToken, buffer, 0, length, sizeof(float));

    private static int ReasonIndex(int peer, FrameKind kind) => 2 * peer + (kind == FrameKind.Lost ? 1 : 0);
}
