using Halo.Boards.Control.Tls;

namespace Halo.Boards.Control;

/// <summary>How a <see cref="ControlClient"/> behaves.</summary>
public sealed record ControlClientOptions
{
    /// <summary>The board that must be at the address, where its name is known beforehand; any board of the cluster otherwise.</summary>
    public string? ExpectedName { get; init; }

    /// <summary>Time for a connection to be made.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Time for a whole handshake. Requests have none of their own: callers cancel.</summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Longest plain body of a request and of an answer, in bytes.</summary>
    public int MaxBodyBytes { get; init; } = ControlLimits.DefaultMaxBodyBytes;

    /// <summary>Whom to trust where the address begins with https; whom this machine trusts where null.</summary>
    public TlsTrust? Trust { get; init; }

    /// <summary>What the handshake's time is measured by.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    internal ControlVersion Version { get; init; } = ControlVersion.Current;

    internal CipherSpeed[]? Ciphers { get; init; }

    /// <summary>Put between the client and the network, to read along and meddle; given the real handler.</summary>
    internal Func<HttpMessageHandler, HttpMessageHandler>? Wrap { get; init; }
}
