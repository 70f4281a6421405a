using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Halo.Fabric.Datagrams.Sockets;

namespace Halo.Fabric.Datagrams;

/// <summary>A board's port for datagrams. Neither sending nor receiving waits; whatever goes wrong with a datagram loses it.</summary>
internal sealed class DatagramSocket : IDisposable
{
    private const int BufferBytes = 4 * 1024 * 1024; // asked for; systems give what they allow

    // Linux: SOL_SOCKET and SO_MEMINFO, whose ninth number counts drops.
    private const int SocketLevel = 1;
    private const int MemoryInfo = 55;
    private const int MemoryInfoBytes = 9 * sizeof(uint);

    private readonly bool _isV6;
    private readonly IDatagramPath _path;

    /// <param name="address">The address to listen on.</param>
    /// <param name="port">The port; any that is free by default.</param>
    /// <param name="batches">Whether several datagrams may go with one system call, where the system can do that.</param>
    /// <exception cref="SocketException">There is no such address here.</exception>
    /// <exception cref="IOException">The port cannot be had.</exception>
    internal DatagramSocket(IPAddress address, UdpPort port = default, bool batches = true)
    {
        _isV6 = address.AddressFamily == AddressFamily.InterNetworkV6;
        Socket = new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp) { Blocking = false };
        try
        {
            if (_isV6)
            {
                Socket.DualMode = true;
            }

            Socket.ReceiveBufferSize = BufferBytes;
            Socket.SendBufferSize = BufferBytes;
            port.Bind(Socket, address);
            _path = (batches ? BatchPath.TryCreate(Socket) : null) ?? (IDatagramPath)new PlainPath(Socket);
        }
        catch
        {
            Socket.Dispose();
            throw;
        }
    }

    internal Socket Socket { get; }

    /// <summary>Datagrams dropped because the receive buffer was full; 0 where the system does not tell.</summary>
    internal long ReceiveOverflows
    {
        get
        {
            Span<byte> memory = stackalloc byte[MemoryInfoBytes];
            try
            {
                return OperatingSystem.IsLinux() && Socket.GetRawSocketOption(SocketLevel, MemoryInfo, memory) >= MemoryInfoBytes
                    ? BinaryPrimitives.ReadUInt32LittleEndian(memory[(MemoryInfoBytes - sizeof(uint))..])
                    : 0;
            }
            catch (Exception fault) when (fault is SocketException or ObjectDisposedException)
            {
                return 0;
            }
        }
    }

    /// <summary>The port that it listens on.</summary>
    internal int Port => ((IPEndPoint)Socket.LocalEndPoint!).Port;

    /// <summary>An address in the form in which <see cref="Send"/> takes it.</summary>
    internal SocketAddress AddressOf(IPAddress address, int port) => new IPEndPoint(_isV6 ? address.MapToIPv6() : Plain(address), port).Serialize();

    /// <summary>Where a port is bound so that boards at these local addresses are reached: at the one that all have, else at all.</summary>
    internal static IPAddress CommonAddress(IReadOnlyList<IPAddress> locals)
    {
        IPAddress[] plain = [.. locals.Select(Plain).Distinct()];
        return plain switch
        {
            [IPAddress only] => only,
            _ when plain.All(address => address.AddressFamily == AddressFamily.InterNetwork) => IPAddress.Any,
            _ => IPAddress.IPv6Any,
        };
    }

    /// <summary>Sends a datagram, at the latest with <see cref="Flush"/>.</summary>
    internal void Send(ReadOnlySpan<byte> datagram, SocketAddress receiver) => _path.Send(datagram, receiver);

    /// <summary>Sends what waits for more datagrams to go with.</summary>
    internal void Flush() => _path.Flush();

    /// <summary>Whether datagrams have left the system that <see cref="TryReceive"/> has not given out.</summary>
    internal bool HoldsDatagrams => _path.HoldsDatagrams;

    /// <summary>The next datagram, which may be overwritten, until the next call; false where none has come.</summary>
    internal bool TryReceive(out Span<byte> datagram) => _path.TryReceive(out datagram);

    public void Dispose() => Socket.Dispose();

    private static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
}
