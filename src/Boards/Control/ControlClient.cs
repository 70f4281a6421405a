using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Halo.Boards.Control;

/// <summary>
/// The client's end of the control channel to one address. Shakes hands when the first request needs it, and again when the board forgot the
/// session. Requests may run at the same time; their handshake is one. Safe from several threads.
/// </summary>
public sealed class ControlClient : IDisposable
{
    private readonly ClusterKey _key;
    private readonly string _ownName;
    private readonly string _ownInstanceId;
    private readonly ControlClientOptions _options;
    private readonly ControlHttp _http;
    private readonly CancellationTokenSource _closing = new();
    private readonly Lock _gate = new();
    private ControlSession? _session;
    private Task<ControlSession>? _shaking;

    /// <param name="address">The board's address, for example <c>http://10.0.0.5:7070</c>; a path in it does not count.</param>
    /// <param name="key">The cluster's key.</param>
    /// <param name="ownName">This process's name: 1 to 64 characters.</param>
    /// <param name="ownInstanceId">This process, from <see cref="ControlServer.NewInstanceId"/>.</param>
    /// <param name="options">Limits and times; defaults where null.</param>
    public ControlClient(Uri address, ClusterKey key, string ownName, string ownInstanceId, ControlClientOptions? options = null)
    {
        if (!address.IsAbsoluteUri || address.Scheme is not ("http" or "https"))
        {
            throw new ArgumentException($"'{address}' is no address of a board; expected something like http://10.0.0.5:7070.", nameof(address));
        }

        Address = address;
        _key = key;
        _ownName = PlainText.CheckName(ownName, nameof(ownName));
        _ownInstanceId = PlainText.CheckName(ownInstanceId, nameof(ownInstanceId));
        _options = options ?? new ControlClientOptions();
        _http = new ControlHttp(address, _options);
    }

    /// <summary>Raised when a handshake finds another process than the one before; on the handshake's thread, before any request goes there.</summary>
    public event EventHandler<PeerRestartedEventArgs>? PeerRestarted;

    /// <summary>The board's address.</summary>
    public Uri Address { get; }

    /// <summary>Who was there at the last handshake; null before the first.</summary>
    public ControlPeer? Peer => Volatile.Read(ref _session)?.Peer;

    /// <summary>The board's name at the last handshake; null before the first.</summary>
    public string? PeerName => Peer?.Name;

    /// <summary>The board's process at the last handshake; null before the first.</summary>
    public string? PeerInstanceId => Peer?.InstanceId;

    /// <summary>The session, after a handshake where there is none yet: for its peer and its keys.</summary>
    /// <exception cref="ControlException">No handshake came about.</exception>
    public Task<ControlSession> ConnectAsync(CancellationToken cancellation) => SessionAsync(null, cancellation);

    /// <summary>Sends a sealed request.</summary>
    /// <param name="method">Its method; not HEAD, whose answer could not be sealed.</param>
    /// <param name="pathAndQuery">From the root of the address, beginning with one slash.</param>
    /// <param name="body">The plain body; may be empty.</param>
    /// <param name="cancellation">Gives up. Whether the board carried the request out is then not known.</param>
    /// <param name="contentType">What the body is.</param>
    /// <exception cref="ControlException">Nothing came of it, or the handler answered with status 400 or above.</exception>
    public async Task<ControlReply> SendAsync(
        HttpMethod method, string pathAndQuery, ReadOnlyMemory<byte> body, CancellationToken cancellation, string contentType = ControlProtocol.Bytes)
    {
        Outgoing outgoing = new(method, Target(method, pathAndQuery), body, contentType);
        ControlSession session = await SessionAsync(null, cancellation);
        if (await ExchangeAsync(session, outgoing, cancellation) is { } reply)
        {
            return reply;
        }

        ControlSession renewed = await SessionAsync(session, cancellation);
        if (renewed.Peer.InstanceId != session.Peer.InstanceId)
        {
            throw new ControlException(
                ControlFault.PeerRestarted, Address, $"board {renewed.Peer.Name} was restarted since the last request; what it held is gone");
        }

        return await ExchangeAsync(renewed, outgoing, cancellation)
            ?? throw new ControlException(ControlFault.Refused, Address, "the board forgot a session that it had just made");
    }

    /// <summary>Gets JSON.</summary>
    public Task<TReply> GetJsonAsync<TReply>(string pathAndQuery, JsonTypeInfo<TReply> replyType, CancellationToken cancellation) =>
        ParseAsync(SendAsync(HttpMethod.Get, pathAndQuery, default, cancellation), replyType);

    /// <summary>Posts JSON and gets JSON.</summary>
    public Task<TReply> PostJsonAsync<TBody, TReply>(
        string pathAndQuery, TBody body, JsonTypeInfo<TBody> bodyType, JsonTypeInfo<TReply> replyType, CancellationToken cancellation) =>
        ParseAsync(PostJsonAsync(pathAndQuery, body, bodyType, cancellation), replyType);

    /// <summary>Posts JSON.</summary>
    public Task<ControlReply> PostJsonAsync<TBody>(string pathAndQuery, TBody body, JsonTypeInfo<TBody> bodyType, CancellationToken cancellation) =>
        SendAsync(HttpMethod.Post, pathAndQuery, JsonSerializer.SerializeToUtf8Bytes(body, bodyType), cancellation, ControlProtocol.Json);

    /// <inheritdoc/>
    public void Dispose()
    {
        _closing.Cancel();
        _http.Dispose();
    }

    private Uri Target(HttpMethod method, string pathAndQuery)
    {
        if (method == HttpMethod.Head || !pathAndQuery.StartsWith('/') || pathAndQuery.StartsWith("//", StringComparison.Ordinal))
        {
            throw new ArgumentException($"{method} {pathAndQuery} cannot be sent: a method other than HEAD and a path that begins with one slash can.");
        }

        return new Uri(Address, pathAndQuery);
    }

    /// <summary>One sealed request and its answer; null where the board says, and proves, that it does not know the session.</summary>
    private async Task<ControlReply?> ExchangeAsync(ControlSession session, Outgoing outgoing, CancellationToken cancellation)
    {
        ulong number = session.NextNumber();
        using HttpRequestMessage request = Seal(session, outgoing, number);
        WireReply wire = await _http.SendAsync(request, (long)_options.MaxBodyBytes + BodySeal.TagBytes, cancellation);
        if (wire.Number is null)
        {
            return await RefusedAsync(session, wire, number, cancellation);
        }

        ReplyHead head = new(session.Id, number, wire.Status);
        if (wire.Number != number.ToString(CultureInfo.InvariantCulture) || !session.ToClient.TryOpen(number, wire.Body, head.ToBytes()))
        {
            throw new ControlException(ControlFault.Untrusted, Address, "the answer was altered on the way", wire.Status);
        }

        ReadOnlyMemory<byte> body = wire.Body.AsMemory(0, wire.Body.Length - BodySeal.TagBytes);
        if (wire.Status >= 400)
        {
            string reason = PlainText.Of(ControlHttp.Refusal(wire with { Body = body.ToArray() })?.Error, 2000);
            throw new ControlException(ControlFault.Failed, Address, $"board {session.Peer.Name} answered {wire.Status}: {reason}", wire.Status, reason);
        }

        return new ControlReply(wire.Status, body, session.Peer);
    }

    private HttpRequestMessage Seal(ControlSession session, Outgoing outgoing, ulong number)
    {
        if (outgoing.Body.Length > _options.MaxBodyBytes)
        {
            throw new ControlException(
                ControlFault.Refused, Address, $"the body has {outgoing.Body.Length} bytes; at most {_options.MaxBodyBytes} may be sent", 413);
        }

        byte[] body = new byte[outgoing.Body.Length + BodySeal.TagBytes];
        outgoing.Body.CopyTo(body);
        RequestHead head = new(session.Id, number, outgoing.Method.Method, outgoing.Target.PathAndQuery, outgoing.ContentType, body.Length);
        session.ToServer.Seal(number, body, head.ToBytes());
        HttpRequestMessage request = new(outgoing.Method, outgoing.Target) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(outgoing.ContentType);
        request.Headers.Add(ControlProtocol.SessionHeader, session.Id);
        request.Headers.Add(ControlProtocol.NumberHeader, number.ToString(CultureInfo.InvariantCulture));
        request.Headers.Add(ControlProtocol.ProofHeader, Convert.ToBase64String(session.Prove(head.ToBytes())));
        return request;
    }

    /// <summary>Reads an answer outside the seal. Only a proven unknown session may lead to the request being sent again: it was not carried out.</summary>
    private async Task<ControlReply?> RefusedAsync(ControlSession session, WireReply wire, ulong number, CancellationToken cancellation)
    {
        ControlError? error = ControlHttp.Refusal(wire);
        string reason = PlainText.Of(error?.Error, 300);
        if (error?.Reason != nameof(ControlRefusal.SessionUnknown))
        {
            throw error?.Reason is null
                ? new ControlException(
                    ControlFault.Untrusted, Address, $"status {wire.Status} came without a seal: no control request is served at this path, or not by a board", wire.Status)
                : new ControlException(ControlFault.Refused, Address, $"refused with status {wire.Status}: {reason}", wire.Status, reason);
        }

        if (_key.Verify(ControlProtocol.UnknownSession(session.Id, number, session.Peer.InstanceId), error.Mac ?? []))
        {
            return null;
        }

        // Another process, another key, or someone between who lies: the handshake finds out which.
        ControlSession renewed = await SessionAsync(session, cancellation);
        return renewed.Peer.InstanceId != session.Peer.InstanceId
            ? null
            : throw new ControlException(
                ControlFault.Untrusted, Address, "something between claims that the session is unknown, and it is not the board", wire.Status, reason);
    }

    /// <summary>A session other than <paramref name="stale"/>; all who wait for a handshake wait for the same one.</summary>
    private Task<ControlSession> SessionAsync(ControlSession? stale, CancellationToken cancellation)
    {
        lock (_gate)
        {
            if (_session is not null && _session != stale)
            {
                return Task.FromResult(_session);
            }

            ObjectDisposedException.ThrowIf(_closing.IsCancellationRequested, this);
            _shaking ??= Task.Run(ShakeAsync, CancellationToken.None);
            return _shaking.WaitAsync(cancellation);
        }
    }

    private async Task<ControlSession> ShakeAsync()
    {
        ControlSession? session = null;
        try
        {
            session = await ShakeInTimeAsync();
            if (_session?.Peer is { } before && before.InstanceId != session.Peer.InstanceId)
            {
                PeerRestarted?.Invoke(this, new PeerRestartedEventArgs(before, session.Peer));
            }

            return session;
        }
        finally
        {
            lock (_gate)
            {
                _session = session ?? _session;
                _shaking = null;
            }
        }
    }

    private async Task<ControlSession> ShakeInTimeAsync()
    {
        using CancellationTokenSource late = new(_options.HandshakeTimeout, _options.Time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, _closing.Token);
        try
        {
            return await ShakeAsync(either.Token);
        }
        catch (OperationCanceledException fault) when (late.IsCancellationRequested)
        {
            throw new ControlException(
                ControlFault.Silent, Address, $"no end of the handshake within {_options.HandshakeTimeout.TotalSeconds:0.#} s", inner: fault);
        }
    }

    private async Task<ControlSession> ShakeAsync(CancellationToken cancellation)
    {
        ControlVersion version = _options.Version;
        using ClientHandshake handshake = new(Address, _key, _ownName, _ownInstanceId, version, _options.Ciphers ?? CipherSpeeds.Measured);
        Challenge challenge = await _http.PostAsync(
            ControlProtocol.HelloPath, handshake.Hello, ControlJson.Default.Hello, ControlJson.Default.Challenge, version, cancellation);
        Finish finish = handshake.Answer(challenge);
        if (_options.ExpectedName is { } expected && expected != challenge.Name)
        {
            throw new ControlException(ControlFault.WrongPeer, Address, $"board {challenge.Name} is there, not {expected}: look at the boards' addresses");
        }

        Welcome welcome = await _http.PostAsync(
            ControlProtocol.FinishPath, finish, ControlJson.Default.Finish, ControlJson.Default.Welcome, version, cancellation);
        return handshake.Complete(welcome);
    }

    private async Task<T> ParseAsync<T>(Task<ControlReply> sending, JsonTypeInfo<T> type)
    {
        ControlReply reply = await sending;
        try
        {
            return JsonSerializer.Deserialize(reply.Body.Span, type) ?? throw new JsonException("The answer is null.");
        }
        catch (JsonException fault)
        {
            throw new ControlException(ControlFault.Failed, Address, $"board {reply.Peer.Name} answered what is no {typeof(T).Name}", reply.Status, inner: fault);
        }
    }

    private sealed record Outgoing(HttpMethod Method, Uri Target, ReadOnlyMemory<byte> Body, string ContentType);
}
