namespace Halo.Fabric.Streams.Sessions;

/// <summary>The boards could not be connected; the message names the board, its address and what to do.</summary>
public sealed class StreamConnectException : Exception
{
    internal StreamConnectException(int place, string message, Exception? inner = null)
        : base(message, inner) => Place = place;

    /// <summary>The place of the board that could not be reached or did not come.</summary>
    public int Place { get; }
}
