using System.Runtime.InteropServices;
using Halo.Fabric.Datagrams.Links;
using Halo.Fabric.Stages;
using Halo.Fabric.Streams;
using Halo.Fabric.Wire;

namespace Halo.Fabric.Datagrams;

/// <summary>This board's sums as bytes, of several stages in turn: those of a stage stay until as many stages later.</summary>
internal sealed class SumEncoder
{
    /// <summary>Elements that must not be cut apart: the largest block of all wire types.</summary>
    internal const int UnitElements = 32;

    private readonly WireType _wireType;
    private readonly byte[][] _bytes;

    /// <param name="mostElements">Most elements of a sum.</param>
    /// <param name="wireType">How they travel.</param>
    /// <param name="depth">Stages that are kept.</param>
    internal SumEncoder(int mostElements, WireType wireType, int depth)
    {
        _wireType = wireType;
        int most = WireCodec.ByteCount(wireType, mostElements);
        _bytes = new byte[depth][];
        for (int i = 0; i < depth; i++)
        {
            _bytes[i] = GC.AllocateArray<byte>(most, pinned: true);
        }
    }

    /// <summary>Bytes of <see cref="UnitElements"/>.</summary>
    internal static int UnitBytes(WireType wireType) => WireCodec.ByteCount(wireType, UnitElements);

    /// <summary>Encodes, and reads back what the others will read: every board adds the same bits.</summary>
    internal OutgoingMessage Encode(FrameKind kind, in StageKey key, Span<float> values)
    {
        byte[] buffer = Buffer(key.Stage);
        Span<byte> bytes = WireCodec.Round(_wireType, values, buffer);
        return new OutgoingMessage(kind, key, values.Length, 0, buffer, 0, bytes.Length, UnitBytes(_wireType));
    }

    /// <summary>The message of a board that has no sum of a stage.</summary>
    internal OutgoingMessage Empty(FrameKind kind, in StageKey key, int elements) =>
        new(kind, key, elements, 0, Buffer(key.Stage), 0, 0, UnitBytes(_wireType));

    /// <summary>Takes values as they are: floats in full.</summary>
    /// <param name="kind">What they are.</param>
    /// <param name="key">Their stage.</param>
    /// <param name="turn">Counts what is encoded; as many are kept as the depth says.</param>
    /// <param name="values">The values.</param>
    internal OutgoingMessage Copy(FrameKind kind, in StageKey key, int turn, ReadOnlySpan<float> values)
    {
        byte[] buffer = Buffer(turn);
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(values);
        bytes.CopyTo(buffer);
        return new OutgoingMessage(kind, key, values.Length, 0, buffer, 0, bytes.Length, UnitBytes(WireType.F32));
    }

    private byte[] Buffer(int turn) => _bytes[turn % _bytes.Length];
}
