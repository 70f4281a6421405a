namespace Halo.Boards.Control;

/// <summary>What went wrong between a client and a control server.</summary>
public enum ControlFault
{
    /// <summary>The connection was refused, reset or broken off, or there is no way to the address.</summary>
    Unreachable,

    /// <summary>No connection, or no end of the handshake, within the time for it: silence, which proves nothing.</summary>
    Silent,

    /// <summary>The two ends have different cluster keys, or the handshake was altered on the way.</summary>
    KeysDiffer,

    /// <summary>The two ends speak different control protocols.</summary>
    VersionsDiffer,

    /// <summary>The board at the address has another name than the one that was expected.</summary>
    WrongPeer,

    /// <summary>The board was restarted since the last request: what it held is gone. The new process did not carry this request out.</summary>
    PeerRestarted,

    /// <summary>The answer was altered or not sealed; whether the request was carried out is not known.</summary>
    Untrusted,

    /// <summary>The server refused the request before any handler saw it; outside the seal, so this is what it says and no proof.</summary>
    Refused,

    /// <summary>The handler answered with an error status.</summary>
    Failed,
}

/// <summary>A control request or handshake that came to nothing; the message begins with the address and says what to do where that is known.</summary>
public sealed class ControlException : Exception
{
    internal ControlException(ControlFault fault, Uri address, string message, int status = 0, string? reason = null, Exception? inner = null)
        : base($"{address.GetLeftPart(UriPartial.Authority)}: {message}", inner)
    {
        Fault = fault;
        Address = address;
        Status = status;
        Reason = reason;
    }

    /// <summary>What went wrong.</summary>
    public ControlFault Fault { get; }

    /// <summary>The server's address.</summary>
    public Uri Address { get; }

    /// <summary>The HTTP status; 0 where there was none.</summary>
    public int Status { get; }

    /// <summary>What the server said; null where it said nothing.</summary>
    public string? Reason { get; }

    /// <summary>The connection was refused, reset or broken off: nobody is there any more.</summary>
    public bool IsUnreachable => Fault == ControlFault.Unreachable;

    /// <summary>The board at the address is another process than before.</summary>
    public bool IsPeerRestarted => Fault == ControlFault.PeerRestarted;
}
