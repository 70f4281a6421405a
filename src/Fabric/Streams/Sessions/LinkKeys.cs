namespace Halo.Fabric.Streams.Sessions;

/// <summary>The keys of one end of a link, one for each direction, 32 bytes each.</summary>
internal sealed record LinkKeys(FrameCipherKind Cipher, byte[] Send, byte[] Receive);
