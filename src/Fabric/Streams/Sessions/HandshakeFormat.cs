using System.Buffers.Binary;

namespace Halo.Fabric.Streams.Sessions;

/// <summary>What a handshake message is.</summary>
internal enum HandshakeKind : byte
{
    /// <summary>The dialer says who it is and whom it wants.</summary>
    Hello = 1,

    /// <summary>The acceptor proves that it holds the secret.</summary>
    Answer = 2,

    /// <summary>The acceptor will not go on; the detail is a <see cref="StreamRefusal"/>.</summary>
    Refused = 3,
}

/// <summary>
/// The bytes of a handshake, little endian. Every message but the confirm begins with a preface that is the same in all versions: magic (u32, 0),
/// version (u16, 4), kind (u8, 6), detail (u8, 7). Hello: preface with the cipher as detail, session (16 bytes, 8), place of the dialer (u16, 24),
/// of the acceptor (u16, 26), nonce (16 bytes, 28). Answer: preface, nonce (16 bytes, 8), MAC (32 bytes, 24). Confirm: MAC (32 bytes).
/// </summary>
internal static class HandshakeFormat
{
    internal const ushort Version = 1;
    internal const int PrefaceBytes = 8;
    internal const int NonceBytes = 16;
    internal const int MacBytes = 32;
    internal const int HelloBytes = 44;
    internal const int AnswerBytes = 56;
    internal const int AnswerMacAt = AnswerBytes - MacBytes;

    private const uint Magic = 0x4F4C4148; // HALO

    internal static void WritePreface(Span<byte> bytes, HandshakeKind kind, byte detail, ushort version = Version)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[4..], version);
        bytes[6] = (byte)kind;
        bytes[7] = detail;
    }

    /// <summary>Reads a preface of any version; false where it is none.</summary>
    internal static bool TryReadPreface(ReadOnlySpan<byte> bytes, out HandshakePreface preface)
    {
        preface = new HandshakePreface(BinaryPrimitives.ReadUInt16LittleEndian(bytes[4..]), (HandshakeKind)bytes[6], bytes[7]);
        return BinaryPrimitives.ReadUInt32LittleEndian(bytes) == Magic;
    }

    internal static void WriteHello(Span<byte> bytes, in Hello hello, ReadOnlySpan<byte> nonce)
    {
        WritePreface(bytes, HandshakeKind.Hello, (byte)hello.Cipher);
        hello.Session.TryWriteBytes(bytes[8..]);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[24..], (ushort)hello.From);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[26..], (ushort)hello.To);
        nonce.CopyTo(bytes[28..]);
    }

    /// <summary>Reads a hello whose preface has been checked.</summary>
    internal static Hello ReadHello(ReadOnlySpan<byte> bytes) => new(
        new Guid(bytes.Slice(8, 16)),
        BinaryPrimitives.ReadUInt16LittleEndian(bytes[24..]),
        BinaryPrimitives.ReadUInt16LittleEndian(bytes[26..]),
        (FrameCipherKind)bytes[7]);
}

/// <summary>How every message of a handshake but the last begins, in all versions.</summary>
internal readonly record struct HandshakePreface(int Version, HandshakeKind Kind, byte Detail);

/// <summary>What a dialer says of itself: the session, its place, the place it wants, and the cipher it expects.</summary>
internal readonly record struct Hello(Guid Session, int From, int To, FrameCipherKind Cipher);
