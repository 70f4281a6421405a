using Halo.Fabric.Streams.Sessions;

namespace Halo.Fabric.Datagrams.Format;

/// <summary>Fills one datagram with chunks, where it lies, and seals it.</summary>
/// <param name="datagram">At least <see cref="DatagramFormat.MaxBytes"/> bytes.</param>
internal ref struct DatagramWriter(Span<byte> datagram)
{
    private const int Begin = DatagramFormat.OutsideBytes + DatagramHead.Bytes;
    private const int End = DatagramFormat.MaxBytes - AeadCipher.TagBytes;

    private readonly Span<byte> _datagram = datagram;
    private int _at = Begin;

    /// <summary>Chunks in it.</summary>
    internal byte Chunks { get; private set; }

    /// <summary>Adds a chunk; false where there is no room for it.</summary>
    internal bool TryAdd(in ChunkHead head, ReadOnlySpan<byte> bytes)
    {
        if (ChunkHead.Bytes + bytes.Length > End - _at || Chunks == byte.MaxValue)
        {
            return false;
        }

        head.Write(_datagram[_at..]);
        bytes.CopyTo(_datagram[(_at + ChunkHead.Bytes)..]);
        _at += ChunkHead.Bytes + bytes.Length;
        Chunks++;
        return true;
    }

    /// <summary>Closes the datagram; returns its bytes.</summary>
    internal readonly ReadOnlySpan<byte> Seal(in DatagramHead head, AeadCipher cipher, int sender, uint keyId, ulong number)
    {
        (head with { Chunks = Chunks }).Write(_datagram[DatagramFormat.OutsideBytes..]);
        DatagramFormat.WriteOutside(_datagram, sender, keyId, number);
        int bodyBytes = _at - DatagramFormat.OutsideBytes;
        Span<byte> body = _datagram.Slice(DatagramFormat.OutsideBytes, bodyBytes + AeadCipher.TagBytes);
        cipher.Seal(number, _datagram[..DatagramFormat.OutsideBytes], body[..bodyBytes], body);
        return _datagram[..(_at + AeadCipher.TagBytes)];
    }
}
