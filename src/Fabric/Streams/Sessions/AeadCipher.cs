using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Halo.Fabric.Streams.Sessions;

/// <summary>
/// Seals and opens under one key: a body is encrypted, a head is not, and a tag covers both. The caller gives every sealed body a number that no
/// other body under the key has. One thread at a time; allocates nothing a call.
/// </summary>
internal sealed class AeadCipher : IDisposable
{
    internal const int TagBytes = 16;
    internal const int KeyBytes = 32;

    private const int NonceBytes = 12;

    private readonly AesGcm? _aes;
    private readonly ChaCha20Poly1305? _chaCha;

    /// <param name="kind">The cipher.</param>
    /// <param name="key">32 bytes.</param>
    /// <exception cref="PlatformNotSupportedException">This machine has no such cipher.</exception>
    internal AeadCipher(FrameCipherKind kind, ReadOnlySpan<byte> key)
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

    /// <summary>Writes the sealed body, followed by the tag.</summary>
    /// <param name="number">The body's number: four bytes of zeros and it, little endian, are the nonce.</param>
    /// <param name="head">What goes with it in the clear.</param>
    /// <param name="body">What is sealed; it may lie at the beginning of <paramref name="output"/>.</param>
    /// <param name="output">The body's length and 16 bytes more.</param>
    internal void Seal(ulong number, ReadOnlySpan<byte> head, ReadOnlySpan<byte> body, Span<byte> output)
    {
        Span<byte> nonce = stackalloc byte[NonceBytes];
        Write(number, nonce);
        Span<byte> tag = output.Slice(body.Length, TagBytes);
        if (_aes is not null)
        {
            _aes.Encrypt(nonce, body, output[..body.Length], tag, head);
        }
        else
        {
            _chaCha!.Encrypt(nonce, body, output[..body.Length], tag, head);
        }
    }

    /// <summary>Opens a body where it lies; false where it was not sealed so.</summary>
    /// <param name="number">Its number.</param>
    /// <param name="head">What came with it in the clear.</param>
    /// <param name="sealedBody">Body and tag; afterwards the body is in the clear.</param>
    internal bool TryOpen(ulong number, ReadOnlySpan<byte> head, Span<byte> sealedBody)
    {
        Span<byte> nonce = stackalloc byte[NonceBytes];
        Write(number, nonce);
        Span<byte> body = sealedBody[..^TagBytes];
        ReadOnlySpan<byte> tag = sealedBody[^TagBytes..];
        try
        {
            if (_aes is not null)
            {
                _aes.Decrypt(nonce, body, tag, body, head);
            }
            else
            {
                _chaCha!.Decrypt(nonce, body, tag, body, head);
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

    private static void Write(ulong number, Span<byte> nonce)
    {
        nonce[..4].Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(nonce[4..], number);
    }
}
