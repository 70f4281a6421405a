using System.Net.Sockets;

namespace Halo.Fabric.Streams.Sessions;

/// <summary>A connected stream to another board, with its keys where it leaves the process. Whoever holds it disposes it; a transport takes it over.</summary>
public sealed class StreamConnection : IDisposable
{
    /// <param name="socket">Connected; owned from here on.</param>
    /// <param name="keys">Null where the stream stays in this process: its frames are not sealed.</param>
    internal StreamConnection(Socket socket, LinkKeys? keys)
    {
        Socket = socket;
        Keys = keys;
        socket.NoDelay = true;
    }

    internal Socket Socket { get; }

    internal LinkKeys? Keys { get; }

    /// <summary>Closes the stream.</summary>
    public void Dispose() => Socket.Dispose();
}
