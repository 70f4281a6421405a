namespace Halo.Fabric.Streams.Sessions;

/// <summary>Why a listener refused a connection.</summary>
internal enum StreamRefusal : byte
{
    /// <summary>What came is no hello.</summary>
    Garbage = 1,

    /// <summary>The dialer speaks another version.</summary>
    WrongVersion = 2,

    /// <summary>The session, the dialer or the place is not expected here, or not yet.</summary>
    NotExpected = 3,

    /// <summary>The dialer has had its link already: there is one in a session.</summary>
    SecondLink = 4,

    /// <summary>The dialer did not prove that it holds the session's secret.</summary>
    WrongKey = 5,

    /// <summary>The handshake was not through in time.</summary>
    TooSlow = 6,

    /// <summary>Too many handshakes were under way, and this was the oldest.</summary>
    TooMany = 7,

    /// <summary>The dialer closed the connection before the handshake was through.</summary>
    Closed = 8,
}
