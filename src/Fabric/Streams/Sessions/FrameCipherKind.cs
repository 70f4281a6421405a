namespace Halo.Fabric.Streams.Sessions;

/// <summary>What seals the frames between boards. Both are safe; which is faster depends on the processor.</summary>
public enum FrameCipherKind
{
    /// <summary>AES-256 in Galois counter mode: fastest where the processor has AES instructions.</summary>
    AesGcm = 1,

    /// <summary>ChaCha20-Poly1305: fastest where it has none, as on a Raspberry Pi 4.</summary>
    ChaCha20Poly1305 = 2,
}
