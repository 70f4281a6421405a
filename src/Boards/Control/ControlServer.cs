using System.Security.Cryptography;

namespace Halo.Boards.Control;

/// <summary>
/// The server's end of the control channel: answers handshakes, knows the sessions, counts what it refused. Safe from several threads.
/// <see cref="ControlEndpoints"/> puts it on HTTP.
/// </summary>
public sealed class ControlServer
{
    private const int SessionIdBytes = 16;

    private static readonly int s_reasons = Enum.GetValues<ControlRefusal>().Length;

    private readonly ClusterKey _key;
    private readonly TimeProvider _time;
    private readonly PendingChallenges _pending;
    private readonly SessionTable _sessions;
    private readonly long[] _refused = new long[s_reasons];
    private readonly long[] _warned = new long[s_reasons];
    private long _handshakes;
    private long _requests;

    /// <param name="key">The cluster's key.</param>
    /// <param name="name">This board's name: 1 to 64 characters.</param>
    /// <param name="instanceId">This process, from <see cref="NewInstanceId"/>: 1 to 64 characters, another after every start.</param>
    /// <param name="time">What 10 s and an hour are measured by.</param>
    /// <param name="maxBodyBytes">Longest plain body of a request and of an answer, in bytes.</param>
    public ControlServer(ClusterKey key, string name, string instanceId, TimeProvider time, int maxBodyBytes = ControlLimits.DefaultMaxBodyBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(maxBodyBytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(maxBodyBytes, ControlLimits.MostBodyBytes);
        _key = key;
        Name = PlainText.CheckName(name, nameof(name));
        InstanceId = PlainText.CheckName(instanceId, nameof(instanceId));
        _time = time;
        _pending = new PendingChallenges(time);
        _sessions = new SessionTable(time);
        MaxBodyBytes = maxBodyBytes;
    }

    /// <summary>This board's name.</summary>
    public string Name { get; }

    /// <summary>This process.</summary>
    public string InstanceId { get; }

    /// <summary>Longest plain body, in bytes.</summary>
    public int MaxBodyBytes { get; }

    /// <summary>Who has a session here; a peer with several clients stands here several times.</summary>
    public IReadOnlyList<ControlPeer> Peers => _sessions.Peers;

    /// <summary>What was seen since the start.</summary>
    public ControlStatistics Statistics => new(
        Interlocked.Read(ref _handshakes),
        Interlocked.Read(ref _requests),
        _sessions.Peers.Count,
        _pending.Count,
        Enum.GetValues<ControlRefusal>().ToDictionary(reason => reason, reason => Interlocked.Read(ref _refused[(int)reason])));

    /// <summary>The versions this server speaks; tests take others.</summary>
    internal ControlVersion Version { get; init; } = ControlVersion.Current;

    /// <summary>The ciphers this server has.</summary>
    internal CipherSpeed[] Ciphers { get; init; } = CipherSpeeds.Measured;

    /// <summary>The name of a process: 16 random characters.</summary>
    public static string NewInstanceId() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));

    /// <summary>Refuses a first message of another version, whatever else is in it.</summary>
    internal Refusal? CheckVersion(VersionHead head, string address) =>
        head.Protocol == Version.Protocol ? null : new Refusal(ControlRefusal.VersionDiffers, Version.Differs(head, address));

    /// <summary>Answers a hello with a challenge.</summary>
    internal Refusal? Greet(Hello hello, out Challenge? challenge)
    {
        challenge = null;
        Transcript transcript = hello.Transcript();
        if (!_key.Verify(transcript, hello.Mac))
        {
            return KeyDiffers;
        }

        if (hello.Nonce.Length != ControlProtocol.NonceBytes || !PlainText.IsName(hello.Name) || !PlainText.IsName(hello.Instance)
            || !PlainText.IsName(hello.Product))
        {
            return new Refusal(ControlRefusal.Malformed, "the hello's name, instance, version or nonce is not as it should be");
        }

        challenge = _pending.ForHello(hello);
        if (challenge is null)
        {
            ECDiffieHellman pair = SessionSecret.NewPair();
            byte[] nonce = RandomNumberGenerator.GetBytes(ControlProtocol.NonceBytes);
            challenge = new Challenge(Version.Protocol, Version.Product, Name, InstanceId, nonce, SessionSecret.PublicKey(pair), []);
            transcript = challenge.Append(transcript);
            challenge = challenge with { Mac = _key.Mac(transcript) };
            _pending.Add(new PendingChallenge(hello, challenge, transcript, pair));
        }

        return null;
    }

    /// <summary>Answers a finish with a session.</summary>
    internal Refusal? Complete(Finish finish, out Welcome? welcome)
    {
        welcome = null;
        if (finish.Ciphers.Any(cipher => cipher is null))
        {
            return new Refusal(ControlRefusal.Malformed, "the finish's list of ciphers has holes");
        }

        if (_pending.Peek(finish.Nonce) is not { } said)
        {
            return ChallengeUnknown;
        }

        // The challenge stays until its own client answers: a stranger's finish must not use it up.
        Transcript transcript = finish.Append(said);
        if (!_key.Verify(transcript, finish.Mac))
        {
            return KeyDiffers;
        }

        using PendingChallenge? pending = _pending.Take(finish.Nonce);
        if (pending is null)
        {
            return ChallengeUnknown;
        }

        if (CipherSpeeds.Choose(Ciphers, finish.Ciphers) is not { } cipher)
        {
            return new Refusal(ControlRefusal.NoCommonCipher, "the two ends have no cipher in common");
        }

        return Open(pending, finish, transcript, cipher, out welcome);
    }

    internal ControlSession? Find(string session) => _sessions.Find(session);

    /// <summary>Takes a request whose proof was right: notes the session's use; false where the number is a repeat.</summary>
    internal bool TryTake(ControlSession session, ulong number)
    {
        _sessions.Touch(session);
        return session.TryTake(number);
    }

    internal void CountRequest() => Interlocked.Increment(ref _requests);

    /// <summary>Counts a refusal and makes the answer to it.</summary>
    internal ControlError Refuse(Refusal refusal)
    {
        Interlocked.Increment(ref _refused[(int)refusal.Reason]);
        return new ControlError(refusal.Text, refusal.Reason.ToString(), Version.Protocol, Version.Product, Name);
    }

    /// <summary>Signs that this process does not know a session.</summary>
    internal byte[] SignUnknown(string session, ulong number) => _key.Mac(ControlProtocol.UnknownSession(session, number, InstanceId));

    /// <summary>Whether to log a refusal: one of each reason in 10 s, so that strangers cannot fill the log.</summary>
    internal bool MayWarn(ControlRefusal reason)
    {
        long now = _time.GetUtcNow().UtcTicks;
        long last = Interlocked.Read(ref _warned[(int)reason]);
        return now - last >= TimeSpan.FromSeconds(10).Ticks && Interlocked.CompareExchange(ref _warned[(int)reason], now, last) == last;
    }

    private static Refusal KeyDiffers { get; } = new(
        ControlRefusal.KeyDiffers, "the cluster keys differ: give this board and the one that called it the same key file");

    private static Refusal ChallengeUnknown { get; } = new(
        ControlRefusal.ChallengeUnknown, "this handshake was finished already or took too long: begin it again");

    private Refusal? Open(PendingChallenge pending, Finish finish, Transcript transcript, ControlCipher cipher, out Welcome? welcome)
    {
        welcome = null;
        SessionSecret secret;
        try
        {
            secret = SessionSecret.Agree(pending.Pair, finish.PublicKey, _key, transcript);
        }
        catch (CryptographicException)
        {
            return new Refusal(ControlRefusal.Malformed, "the finish's public key is no point of P-256");
        }

        string id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(SessionIdBytes));
        welcome = new Welcome(id, CipherSpeeds.Name(cipher), []);
        welcome = welcome with { Mac = secret.Mac(welcome.Append(transcript)) };
        Hello hello = pending.Hello;
        _sessions.Add(new ControlSession(id, new ControlPeer(hello.Name, hello.Instance, hello.Product), cipher, secret));
        Interlocked.Increment(ref _handshakes);
        return null;
    }
}
