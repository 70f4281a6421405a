using System.Security.Cryptography;

namespace Halo.Boards.Control;

/// <summary>Who is at the other end of a session.</summary>
/// <param name="Name">The board's name.</param>
/// <param name="InstanceId">Its process: another after a restart.</param>
/// <param name="Product">Its version of Halo.</param>
public sealed record ControlPeer(string Name, string InstanceId, string Product);

/// <summary>What a handshake left behind at one end: the peer and keys that die with the two processes.</summary>
public sealed class ControlSession
{
    private readonly SessionSecret _secret;
    private readonly byte[] _proofKey;
    private readonly NumberWindow _taken = new();
    private readonly Lock _gate = new();
    private ulong _lastNumber;

    internal ControlSession(string id, ControlPeer peer, ControlCipher cipher, SessionSecret secret)
    {
        Id = id;
        Peer = peer;
        Cipher = cipher;
        _secret = secret;
        _proofKey = secret.Derive("request head", BodySeal.KeyBytes);
        ToServer = new BodySeal(cipher, secret.Derive("client to server", BodySeal.KeyBytes));
        ToClient = new BodySeal(cipher, secret.Derive("server to client", BodySeal.KeyBytes));
    }

    /// <summary>The session's name at the server; no secret.</summary>
    public string Id { get; }

    /// <summary>Who is at the other end.</summary>
    public ControlPeer Peer { get; }

    /// <summary>What seals its bodies.</summary>
    public ControlCipher Cipher { get; }

    internal BodySeal ToServer { get; }

    internal BodySeal ToClient { get; }

    /// <summary>A key for something else between the two processes, such as heartbeats; the same at both ends for the same label.</summary>
    /// <param name="label">What the key is for, with sender and receiver where each direction needs its own.</param>
    /// <param name="bytes">Length, 1 to 8160.</param>
    public byte[] DeriveKey(string label, int bytes) => _secret.Derive("export " + label, bytes);

    /// <summary>A number that no request of this session had before; from 1.</summary>
    internal ulong NextNumber() => Interlocked.Increment(ref _lastNumber);

    /// <summary>Takes a request's number; false where it was taken before or is too old.</summary>
    internal bool TryTake(ulong number)
    {
        lock (_gate)
        {
            return _taken.TryTake(number);
        }
    }

    /// <summary>The tag of a request's head: lets the server refuse a stranger before it buffers a body.</summary>
    internal byte[] Prove(ReadOnlySpan<byte> head) => HMACSHA256.HashData(_proofKey, head);

    internal bool IsProof(ReadOnlySpan<byte> head, ReadOnlySpan<byte> proof) => CryptographicOperations.FixedTimeEquals(Prove(head), proof);
}
