using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Halo.Fabric.Streams.Sessions;

/// <summary>
/// Seals or opens the frames of one direction of one link: the payload is encrypted, the head is not, and a tag covers both. A frame's nonce is
/// its number in the direction, so no nonce comes twice under a key, and a frame that is missing, repeated or out of order does not open.
/// One thread at a time; allocates nothing a frame.
/// </summary>
internal sealed class FrameCipher : IDisposable
{
    internal const int TagBytes = 16;
    internal const int KeyBytes = 32;

    private const int NonceBytes = 12;

    private readonly AesGcm? _aes;
    private readonly ChaCha20Poly1305? _chaCha;
    private ulong _number;

    /// <param name="kind">The cipher.</param>
    /// <param name="key">32 bytes, of this direction of this link alone.</param>
    /// <exception cref="PlatformNotSupportedException">This machine has no such cipher.</exception>
    internal FrameCipher(FrameCipherKind kind, ReadOnlySpan<byte> key)
    {
        if (kind == FrameCipherKind.AesGcm)
        {
            _aes = new AesGcm(key, TagBytes);
        }
        else
        {
            _chaCha = new ChaCha20Poly1305(key);
        }
    }

    internal static bool IsSupported(FrameCipherKind kind) => kind == FrameCipherKind.AesGcm ? AesGcm.IsSupported : ChaCha20Poly1305.IsSupported;

    /// <summary>Writes the sealed payload, followed by the tag.</summary>
    /// <param name="head">The frame's head, as it is sent.</param>
    /// <param name="payload">What is sealed.</param>
    /// <param name="output">The payload's length and 16 bytes more.</param>
    internal void Seal(ReadOnlySpan<byte> head, ReadOnlySpan<byte> payload, Span<byte> output)
    {
        Span<byte> nonce = stackalloc byte[NonceBytes];
        Next(nonce);
        Span<byte> tag = output.Slice(payload.Length, TagBytes);
        if (_aes is not null)
        {
            _aes.Encrypt(nonce, payload, output[..payload.Length], tag, head);
        }
        else
        {
            _chaCha!.Encrypt(nonce, payload, output[..payload.Length], tag, head);
        }
    }

    /// <summary>Opens a frame where it lies; false where it is not the next frame that the other end sealed.</summary>
    /// <param name="head">The frame's head, as it came.</param>
    /// <param name="sealedPayload">Payload and tag; afterwards the payload is in the clear.</param>
    internal bool TryOpen(ReadOnlySpan<byte> head, Span<byte> sealedPayload)
    {
        Span<byte> nonce = stackalloc byte[NonceBytes];
        Next(nonce);
        Span<byte> payload = sealedPayload[..^TagBytes];
        ReadOnlySpan<byte> tag = sealedPayload[^TagBytes..];
        try
        {
            if (_aes is not null)
            {
                _aes.Decrypt(nonce, payload, tag, payload, head);
            }
            else
            {
                _chaCha!.Decrypt(nonce, payload, tag, payload, head);
            }

            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }
    }

    public void Dispose()
    {
        _aes?.Dispose();
        _chaCha?.Dispose();
    }

    private void Next(Span<byte> nonce)
    {
        nonce.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(nonce[4..], _number);
        _number = checked(_number + 1);
    }
}
