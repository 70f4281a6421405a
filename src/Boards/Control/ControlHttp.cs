using System.Net.Http.Headers;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Halo.Boards.Control.Tls;

namespace Halo.Boards.Control;

/// <summary>An answer as it is on the wire.</summary>
internal sealed record WireReply(int Status, string? Number, byte[] Body);

/// <summary>HTTP to one address: no proxy, no redirects, connections kept, bodies bounded, faults told apart.</summary>
internal sealed class ControlHttp : IDisposable
{
    // A large body waits for the server's word, so that a refusal arrives before the upload.
    private const int AskFirstBytes = 1 << 20;

    private readonly HttpClient _http;
    private readonly Uri _address;
    private readonly CertificateCheck _check;
    private volatile string? _certificateFault; // of the last connection

    internal ControlHttp(Uri address, ControlClientOptions options)
    {
        _address = address;
        _check = new CertificateCheck(options.Trust?.Certificates, options.Time);
        HttpMessageHandler handler = new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            ConnectTimeout = options.ConnectTimeout,
            // Shorter than a server keeps them, so that a request rarely meets a closing connection.
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(20),
            ConnectCallback = ConnectAsync,
            SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = Trusts },
        };
        _http = new HttpClient(options.Wrap?.Invoke(handler) ?? handler) { BaseAddress = address, Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <summary>Sends one request and reads its whole answer.</summary>
    /// <param name="request">The request.</param>
    /// <param name="maxBytes">Longest answer, in bytes.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="ControlException">No answer, or one that is too long.</exception>
    internal async Task<WireReply> SendAsync(HttpRequestMessage request, long maxBytes, CancellationToken cancellation)
    {
        request.Headers.ExpectContinue = request.Content?.Headers.ContentLength >= AskFirstBytes;
        try
        {
            using HttpResponseMessage response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
            string? number = response.Headers.TryGetValues(ControlProtocol.NumberHeader, out IEnumerable<string>? values) ? values.First() : null;
            return new WireReply((int)response.StatusCode, number, await ReadAsync(response.Content, maxBytes, cancellation));
        }
        catch (Exception fault) when (fault is HttpRequestException or IOException)
        {
            throw Unanswered(fault);
        }
        catch (OperationCanceledException fault) when (!cancellation.IsCancellationRequested)
        {
            throw new ControlException(ControlFault.Silent, _address, "no connection in time: is the board on and the address right?", inner: fault);
        }
    }

    /// <summary>Sends a handshake message and reads the answer to it.</summary>
    internal async Task<TReply> PostAsync<TMessage, TReply>(
        string path, TMessage message, JsonTypeInfo<TMessage> type, JsonTypeInfo<TReply> replyType, ControlVersion version, CancellationToken cancellation)
        where TReply : class
    {
        using HttpRequestMessage request = new(HttpMethod.Post, path)
        {
            Content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(message, type)),
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(ControlProtocol.Json);
        WireReply reply = await SendFirstAsync(request, cancellation);
        return reply.Status == 200 && TryParse(reply.Body, replyType) is { } parsed
            ? parsed
            : throw HandshakeRefused(reply, version);
    }

    /// <summary>What a server said when it refused; null where it is not a Halo server's word.</summary>
    internal static ControlError? Refusal(WireReply reply) => TryParse(reply.Body, ControlJson.Default.ControlError);

    public void Dispose() => _http.Dispose();

    // A server that speaks TLS ends a connection on which nobody does, without a word.
    private async Task<WireReply> SendFirstAsync(HttpRequestMessage request, CancellationToken cancellation)
    {
        try
        {
            return await SendAsync(request, ControlProtocol.MaxMessageBytes, cancellation);
        }
        catch (ControlException fault) when (_address.Scheme == Uri.UriSchemeHttp && EndedAtOnce(fault.InnerException))
        {
            throw new ControlException(
                fault.Fault, _address, "the board ended the connection at once: if it was started with --tls-certificate, write its address with https://", inner: fault);
        }
    }

    private static bool EndedAtOnce(Exception? fault) =>
        fault is HttpRequestException { HttpRequestError: HttpRequestError.ResponseEnded } or HttpIOException { HttpRequestError: HttpRequestError.ResponseEnded }
        || fault?.GetBaseException() is SocketException { SocketErrorCode: SocketError.ConnectionReset };

    private bool Trusts(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        _certificateFault = _check.Fault(_address.DnsSafeHost, certificate, chain?.ChainPolicy.ExtraStore ?? [], errors);
        return _certificateFault is null;
    }

    private ControlException HandshakeRefused(WireReply reply, ControlVersion version)
    {
        if (reply.Status == 200 || Refusal(reply) is not { } error || !Enum.TryParse(error.Reason, out ControlRefusal reason))
        {
            return new ControlException(
                ControlFault.Untrusted, _address, $"what is there answered the handshake with status {reply.Status}; it seems to be no Halo board", reply.Status);
        }

        (ControlFault fault, string text) = reason switch
        {
            ControlRefusal.VersionDiffers => (
                ControlFault.VersionsDiffer,
                version.Differs(new VersionHead(error.Protocol, error.Product, error.Name), _address.GetLeftPart(UriPartial.Authority))),
            ControlRefusal.KeyDiffers => (ControlFault.KeysDiffer, PlainText.Of(error.Error, 300)),
            _ => (ControlFault.Refused, PlainText.Of(error.Error, 300)),
        };
        return new ControlException(fault, _address, text, reply.Status, PlainText.Of(error.Error, 300));
    }

    private ControlException Unanswered(Exception fault)
    {
        if (fault is HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError })
        {
            string reason = _certificateFault
                ?? $"what is there does not speak TLS, or another version ({fault.GetBaseException().Message}): a board without --tls-certificate has an address with http://";
            return new ControlException(ControlFault.Untrusted, _address, reason, inner: fault);
        }

        bool unreachable = fault is IOException and not HttpIOException { HttpRequestError: HttpRequestError.InvalidResponse }
            || fault is HttpRequestException
            {
                HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.ResponseEnded or HttpRequestError.NameResolutionError
                    or HttpRequestError.Unknown,
            };
        return fault.GetBaseException() is SocketException { SocketErrorCode: SocketError.TimedOut }
            ? new ControlException(ControlFault.Silent, _address, "the board fell silent", inner: fault)
            : unreachable
                ? new ControlException(ControlFault.Unreachable, _address, $"the board cannot be reached: {fault.GetBaseException().Message}", inner: fault)
                : new ControlException(ControlFault.Untrusted, _address, $"the answer makes no sense: {fault.GetBaseException().Message}", inner: fault);
    }

    private async Task<byte[]> ReadAsync(HttpContent content, long maxBytes, CancellationToken cancellation)
    {
        if (content.Headers.ContentLength is not { } length || length > maxBytes)
        {
            throw new ControlException(
                ControlFault.Untrusted, _address, $"the answer's length is unsaid or above the limit of {maxBytes} bytes; a control board says it");
        }

        byte[] body = new byte[length];
        await using Stream stream = await content.ReadAsStreamAsync(cancellation);
        await stream.ReadExactlyAsync(body, cancellation);
        return body;
    }

    // Requests may take minutes. Probes tell a board that is computing from one that lost its power.
    private static async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellation)
    {
        Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 5);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 2);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, 8);
            await socket.ConnectAsync(context.DnsEndPoint, cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static T? TryParse<T>(byte[] bytes, JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(bytes, type);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
