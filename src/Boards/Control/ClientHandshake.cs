using System.Security.Cryptography;

namespace Halo.Boards.Control;

/// <summary>The client's end of one handshake: hello, finish, session. Does no I/O.</summary>
internal sealed class ClientHandshake : IDisposable
{
    private readonly Uri _address;
    private readonly ClusterKey _key;
    private readonly ControlVersion _version;
    private readonly CipherSpeed[] _ciphers;
    private readonly ECDiffieHellman _pair = SessionSecret.NewPair();
    private Transcript _said;
    private ControlPeer? _peer;
    private SessionSecret? _secret;

    internal ClientHandshake(Uri address, ClusterKey key, string name, string instanceId, ControlVersion version, CipherSpeed[] ciphers)
    {
        _address = address;
        _key = key;
        _version = version;
        _ciphers = ciphers;
        byte[] nonce = RandomNumberGenerator.GetBytes(ControlProtocol.NonceBytes);
        Hello = new Hello(version.Protocol, version.Product, name, instanceId, nonce, []);
        _said = Hello.Transcript();
        Hello = Hello with { Mac = key.Mac(_said) };
    }

    internal Hello Hello { get; }

    internal Finish Answer(Challenge challenge)
    {
        if (challenge.Protocol != _version.Protocol)
        {
            VersionHead head = new(challenge.Protocol, challenge.Product, challenge.Name);
            throw new ControlException(ControlFault.VersionsDiffer, _address, _version.Differs(head, Address));
        }

        _said = challenge.Append(_said);
        if (!_key.Verify(_said, challenge.Mac))
        {
            throw KeysDiffer();
        }

        _peer = new ControlPeer(challenge.Name, challenge.Instance, challenge.Product);
        Finish finish = new(challenge.Nonce, SessionSecret.PublicKey(_pair), _ciphers, []);
        _said = finish.Append(_said);
        try
        {
            _secret = SessionSecret.Agree(_pair, challenge.PublicKey, _key, _said);
        }
        catch (CryptographicException fault)
        {
            throw new ControlException(ControlFault.Untrusted, _address, "the board's public key is no point of P-256", inner: fault);
        }

        return finish with { Mac = _key.Mac(_said) };
    }

    internal ControlSession Complete(Welcome welcome)
    {
        _said = welcome.Append(_said);
        if (!CryptographicOperations.FixedTimeEquals(_secret!.Mac(_said), welcome.Mac))
        {
            throw KeysDiffer();
        }

        return CipherSpeeds.Find(welcome.Cipher) is { } cipher && BodySeal.IsSupported(cipher)
            ? new ControlSession(welcome.Session, _peer!, cipher, _secret)
            : throw new ControlException(ControlFault.Refused, _address, $"the board chose the cipher {PlainText.Of(welcome.Cipher)}, which this one lacks");
    }

    public void Dispose() => _pair.Dispose();

    private string Address => _address.GetLeftPart(UriPartial.Authority);

    private ControlException KeysDiffer() =>
        new(ControlFault.KeysDiffer, _address, "the cluster keys differ, or the handshake was altered on the way: give both boards the same key file");
}
