using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Halo.Boards.Control;

/// <summary>How much of a board strangers on its control port may take up.</summary>
public static class ControlLimits
{
    /// <summary>Longest plain body unless said otherwise: 256 MB.</summary>
    public const int DefaultMaxBodyBytes = 256 << 20;

    /// <summary>The most that may be said: a sealed body is one array.</summary>
    public const int MostBodyBytes = 2_000_000_000;

    private const int MaxConnections = 4096;
    private const int MaxLineBytes = 4096;
    private const int MaxHeaderBytes = 16 * 1024;
    private const double LeastBytesPerSecond = 240;

    private static readonly TimeSpan s_headers = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_keepAlive = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_grace = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Limits for a port that serves control requests and nothing else: silent connections end after 30 s, half a head after 5 s, bodies slower
    /// than 240 bytes a second after 10 s, and 4,096 connections may be open.
    /// </summary>
    /// <param name="server">The server's options.</param>
    /// <param name="maxBodyBytes">Longest plain body, as given to <see cref="ControlServer"/>.</param>
    public static void Apply(KestrelServerOptions server, int maxBodyBytes = DefaultMaxBodyBytes)
    {
        server.AddServerHeader = false;
        server.Limits.RequestHeadersTimeout = s_headers;
        server.Limits.KeepAliveTimeout = s_keepAlive;
        server.Limits.MinRequestBodyDataRate = new MinDataRate(LeastBytesPerSecond, s_grace);
        server.Limits.MinResponseDataRate = new MinDataRate(LeastBytesPerSecond, s_grace);
        server.Limits.MaxRequestBodySize = (long)maxBodyBytes + BodySeal.TagBytes;
        server.Limits.MaxConcurrentConnections = MaxConnections;
        server.Limits.MaxRequestLineSize = MaxLineBytes;
        server.Limits.MaxRequestHeadersTotalSize = MaxHeaderBytes;
    }
}
