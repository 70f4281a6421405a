namespace Halo.Fabric.Streams.Sessions;

/// <summary>
/// Seals or opens the frames of one direction of one link: the payload is encrypted, the head is not, and a tag covers both. A frame's nonce is
/// its number in the direction, so no nonce comes twice under a key, and a frame that is missing, repeated or out of order does not open.
/// One thread at a time; allocates nothing a frame.
/// </summary>
/// <param name="kind">The cipher.</param>
/// <param name="key">32 bytes, of this direction of this link alone.</param>
/// <exception cref="PlatformNotSupportedException">This machine has no such cipher.</exception>
internal sealed class FrameCipher(FrameCipherKind kind, ReadOnlySpan<byte> key) : IDisposable
{
    internal const int TagBytes = AeadCipher.TagBytes;
    internal const int KeyBytes = AeadCipher.KeyBytes;

    private readonly AeadCipher _cipher = new(kind, key);
    private ulong _number;

    internal static bool IsSupported(FrameCipherKind kind) => AeadCipher.IsSupported(kind);

    /// <summary>Writes the sealed payload, followed by the tag.</summary>
    /// <param name="head">The frame's head, as it is sent.</param>
    /// <param name="payload">What is sealed.</param>
    /// <param name="output">The payload's length and 16 bytes more.</param>
    internal void Seal(ReadOnlySpan<byte> head, ReadOnlySpan<byte> payload, Span<byte> output) => _cipher.Seal(Next(), head, payload, output);

    /// <summary>Opens a frame where it lies; false where it is not the next frame that the other end sealed.</summary>
    /// <param name="head">The frame's head, as it came.</param>
    /// <param name="sealedPayload">Payload and tag; afterwards the payload is in the clear.</param>
    internal bool TryOpen(ReadOnlySpan<byte> head, Span<byte> sealedPayload) => _cipher.TryOpen(Next(), head, sealedPayload);

    public void Dispose() => _cipher.Dispose();

    private ulong Next()
    {
        ulong number = _number;
        _number = checked(_number + 1);
        return number;
    }
}
