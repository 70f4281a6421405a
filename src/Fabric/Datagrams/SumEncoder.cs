using Halo.Fabric.Datagrams.Links;
using Halo.Fabric.Stages;
using Halo.Fabric.Streams;
using Halo.Fabric.Transport;
using Halo.Fabric.Wire;

namespace Halo.Fabric.Datagrams;

/// <summary>This board's sums as bytes, of two stages in turn: those of a stage stay until the stage after next.</summary>
internal sealed class SumEncoder
{
    /// <summary>Elements that must not be cut apart: the largest block of all wire types.</summary>
    internal const int UnitElements = 32;

    private readonly WireType _wireType;
    private readonly byte[][] _bytes;

    internal SumEncoder(FabricSize size, WireType wireType)
    {
        _wireType = wireType;
        int most = WireCodec.ByteCount(wireType, size.MaxRows * size.HiddenSize);
        _bytes = [GC.AllocateArray<byte>(most, pinned: true), GC.AllocateArray<byte>(most, pinned: true)];
    }

    /// <summary>Bytes of <see cref="UnitElements"/>.</summary>
    internal static int UnitBytes(WireType wireType) => WireCodec.ByteCount(wireType, UnitElements);

    /// <summary>Encodes, and reads back what the others will read: every board adds the same bits.</summary>
    internal OutgoingMessage Encode(FrameKind kind, in StageKey key, Span<float> values)
    {
        byte[] buffer = _bytes[key.Stage & 1];
        Span<byte> bytes = WireCodec.Round(_wireType, values, buffer);
        return new OutgoingMessage(kind, key, values.Length, 0, buffer, 0, bytes.Length, UnitBytes(_wireType));
    }
}
