using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Halo.Boards.Control;

/// <summary>
/// One direction of a session: seals and opens bodies in place. The nonce is the request's number, which a session uses once in each
/// direction. Safe from several threads: cipher objects hold state, so each call makes its own.
/// </summary>
internal sealed class BodySeal(ControlCipher cipher, byte[] key)
{
    internal const int KeyBytes = 32;

    /// <summary>Bytes that a sealed body has more than a plain one.</summary>
    internal const int TagBytes = 16;

    private const int NonceBytes = 12;

    internal static bool IsSupported(ControlCipher cipher) =>
        cipher == ControlCipher.Aes256Gcm ? AesGcm.IsSupported : ChaCha20Poly1305.IsSupported;

    /// <summary>Seals a body whose last <see cref="TagBytes"/> bytes are room for the tag.</summary>
    internal void Seal(ulong number, Span<byte> body, ReadOnlySpan<byte> head)
    {
        Span<byte> nonce = stackalloc byte[NonceBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(nonce[4..], number);
        Span<byte> text = body[..^TagBytes];
        Span<byte> tag = body[^TagBytes..];
        if (cipher == ControlCipher.Aes256Gcm)
        {
            using AesGcm aes = new(key, TagBytes);
            aes.Encrypt(nonce, text, text, tag, head);
        }
        else
        {
            using ChaCha20Poly1305 chacha = new(key);
            chacha.Encrypt(nonce, text, text, tag, head);
        }
    }

    /// <summary>Opens a sealed body; false where it, the number or the head is not what was sealed. The plain text takes its place, without the tag.</summary>
    internal bool TryOpen(ulong number, Span<byte> body, ReadOnlySpan<byte> head)
    {
        if (body.Length < TagBytes)
        {
            return false;
        }

        Span<byte> nonce = stackalloc byte[NonceBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(nonce[4..], number);
        Span<byte> text = body[..^TagBytes];
        Span<byte> tag = body[^TagBytes..];
        try
        {
            if (cipher == ControlCipher.Aes256Gcm)
            {
                using AesGcm aes = new(key, TagBytes);
                aes.Decrypt(nonce, text, tag, text, head);
            }
            else
            {
                using ChaCha20Poly1305 chacha = new(key);
                chacha.Decrypt(nonce, text, tag, text, head);
            }

            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }
    }
}
