using System.Security.Cryptography;

namespace Halo.Fabric.Streams.Sessions;

/// <summary>
/// One set of boards that steps one model: made by the head board and given to the others over a channel that nobody else can read. Who
/// holds the secret is a board of the session.
/// </summary>
public sealed class StreamSession
{
    /// <summary>Bytes of a session's secret.</summary>
    public const int SecretBytes = 32;

    /// <param name="id">Names the session; never used for a second one.</param>
    /// <param name="secret">32 random bytes. They are not copied.</param>
    /// <param name="cipher">What seals the frames, on all boards.</param>
    /// <exception cref="ArgumentException">The secret has another length, or the cipher is none that this version knows.</exception>
    public StreamSession(Guid id, ReadOnlyMemory<byte> secret, FrameCipherKind cipher)
    {
        if (secret.Length != SecretBytes)
        {
            throw new ArgumentException($"A session's secret has {SecretBytes} bytes, this one {secret.Length}.", nameof(secret));
        }

        if (!Enum.IsDefined(cipher))
        {
            throw new ArgumentException($"Frame cipher {(int)cipher} is unknown to this version; install the same version on all boards.", nameof(cipher));
        }

        Id = id;
        Secret = secret;
        Cipher = cipher;
    }

    /// <summary>Names the session.</summary>
    public Guid Id { get; }

    /// <summary>What all boards of the session know, and nobody else: 32 bytes.</summary>
    public ReadOnlyMemory<byte> Secret { get; }

    /// <summary>What seals the frames.</summary>
    public FrameCipherKind Cipher { get; }

    /// <summary>A new session with a random id and secret.</summary>
    /// <param name="cipher">What seals the frames; see <see cref="FrameCipherMeter"/>.</param>
    public static StreamSession Create(FrameCipherKind cipher) => new(Guid.NewGuid(), RandomNumberGenerator.GetBytes(SecretBytes), cipher);

    /// <summary>The id; never the secret.</summary>
    public override string ToString() => Id.ToString();
}
