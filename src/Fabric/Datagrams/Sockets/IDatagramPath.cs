using System.Net;

namespace Halo.Fabric.Datagrams.Sockets;

/// <summary>How datagrams get into the system and out of it. Neither sending nor receiving waits. One thread at a time; allocates nothing a datagram.</summary>
internal interface IDatagramPath
{
    /// <summary>Whether datagrams have left the system that <see cref="TryReceive"/> has not given out.</summary>
    bool HoldsDatagrams { get; }

    /// <summary>Sends a datagram of at most <see cref="Format.DatagramFormat.MaxBytes"/>, at the latest with <see cref="Flush"/>, or loses it. Its bytes may be reused.</summary>
    void Send(ReadOnlySpan<byte> datagram, SocketAddress receiver);

    /// <summary>Sends what waits for more datagrams to go with.</summary>
    void Flush();

    /// <summary>The next datagram, which may be overwritten, until the next call; false where none has come.</summary>
    bool TryReceive(out Span<byte> datagram);
}
