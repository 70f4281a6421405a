using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Halo.Fabric.Tests.Datagrams;

/// <summary>
/// Someone between boards on the loopback, with a port for each directed link: loses datagrams, sends them twice, holds them back. Seeded, but threads
/// are not: no two runs are alike.
/// </summary>
internal sealed class ImpairingTap : IDisposable
{
    private const int MostBytes = 65_536;

    private readonly Dictionary<Socket, (int From, int To)> _links = [];
    private readonly Socket _out = Open();
    private readonly IPEndPoint[] _boards;
    private readonly long[] _forwarded; // by receiver
    private readonly Random _random;
    private readonly PriorityQueue<(int To, byte[] Datagram), long> _held = new();
    private readonly byte[] _buffer = new byte[MostBytes];
    private readonly Thread _thread;
    private volatile Impairments _impairments;
    private volatile bool _stopped;

    /// <param name="boards">The boards' ports.</param>
    /// <param name="impairments">What happens; delays beside those of reordering are not made.</param>
    /// <param name="seed">Seed of what happens.</param>
    internal ImpairingTap(IReadOnlyList<int> boards, Impairments impairments, int seed)
    {
        _boards = [.. boards.Select(port => new IPEndPoint(IPAddress.Loopback, port))];
        _impairments = impairments;
        _forwarded = new long[boards.Count];
        _random = new Random(seed);
        for (int link = 0; link < boards.Count * boards.Count; link++)
        {
            _links.Add(Open(), (link / boards.Count, link % boards.Count));
        }

        _thread = new Thread(Carry) { IsBackground = true, Name = "tap" };
    }

    /// <summary>What happens from now on.</summary>
    internal Impairments Impairments
    {
        set => _impairments = value;
    }

    /// <summary>Sees every datagram before its fate is drawn, on the tap's thread: the board it is for, and its bytes.</summary>
    internal Action<int, ReadOnlySpan<byte>> OnDatagram { get; set; } = (_, _) => { };

    /// <summary>Datagrams that were sent on.</summary>
    internal long Forwarded => _forwarded.Sum();

    /// <summary>Datagrams that were sent on to one board.</summary>
    internal long ForwardedTo(int board) => Volatile.Read(ref _forwarded[board]);

    /// <summary>Where a board sends what is for another.</summary>
    internal int Port(int from, int to) => ((IPEndPoint)_links.First(link => link.Value == (from, to)).Key.LocalEndPoint!).Port;

    internal void Start() => _thread.Start();

    public void Dispose()
    {
        _stopped = true;
        _out.SendTo(new byte[1], _links.Keys.First().LocalEndPoint!); // wakes it
        _thread.Join();
        _out.Dispose();
        foreach (Socket socket in _links.Keys)
        {
            socket.Dispose();
        }
    }

    private static Socket Open()
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { Blocking = false, ReceiveBufferSize = 4 << 20 };
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return socket;
    }

    private void Carry()
    {
        List<Socket> readable = [];
        while (!_stopped)
        {
            long now = Stopwatch.GetTimestamp();
            while (_held.TryPeek(out (int To, byte[] Datagram) late, out long due) && due <= now)
            {
                _held.Dequeue();
                Forward(late.To, late.Datagram);
            }

            readable.Clear();
            readable.AddRange(_links.Keys);
            Socket.Select(readable, null, null, _held.Count > 0 ? 1_000 : -1);
            readable.ForEach(Take);
        }
    }

    private void Take(Socket socket)
    {
        (_, int to) = _links[socket];
        while (true)
        {
            int count = socket.Receive(_buffer, SocketFlags.None, out SocketError error);
            if (error != SocketError.Success)
            {
                return;
            }

            Draw(to, _buffer.AsSpan(0, count));
        }
    }

    private void Draw(int to, ReadOnlySpan<byte> datagram)
    {
        OnDatagram(to, datagram);
        if (_random.NextDouble() < _impairments.Loss)
        {
            return;
        }

        if (_random.NextDouble() < _impairments.Duplication)
        {
            Hold(to, datagram);
        }

        if (_random.NextDouble() < _impairments.Reordering)
        {
            Hold(to, datagram);
        }
        else
        {
            Forward(to, datagram);
        }
    }

    private void Hold(int to, ReadOnlySpan<byte> datagram)
    {
        long ticks = Stopwatch.Frequency * _impairments.Delay / 1_000_000;
        _held.Enqueue((to, datagram.ToArray()), Stopwatch.GetTimestamp() + _random.NextInt64(ticks));
    }

    private void Forward(int to, ReadOnlySpan<byte> datagram)
    {
        _out.SendTo(datagram, SocketFlags.None, _boards[to]);
        Volatile.Write(ref _forwarded[to], _forwarded[to] + 1);
    }
}
