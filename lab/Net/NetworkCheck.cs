using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Halo.Lab.Net;

/// <summary>What a network does in truth, measured with real sockets between boards 1 and 2.</summary>
/// <param name="MedianPing">Median round trip of ICMP echoes; null where none came back.</param>
/// <param name="PingsLost">Echoes that did not come back in time: within a second, later within twice the longest round trip and 100 ms.</param>
/// <param name="DatagramsSent">UDP datagrams sent, evenly spaced.</param>
/// <param name="DatagramsReceived">Those that arrived, duplicates included.</param>
/// <param name="BulkBitsPerSecond">Bytes that one TCP stream carried in a second, in bits.</param>
public sealed record NetworkCheck(TimeSpan? MedianPing, int PingsLost, int DatagramsSent, int DatagramsReceived, double BulkBitsPerSecond)
{
    private const int PingCount = 50;
    private const byte EchoRequest = 8;
    private const int SocketLevel = 1; // SOL_SOCKET
    private const int ForceReceiveBuffer = 33; // SO_RCVBUFFORCE
    private const int ReceiveBufferBytes = 32 << 20;
    private const int HeaderBytes = 20; // of IPv4, which a raw socket receives too

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_spacing = TimeSpan.FromMicroseconds(100);
    private static readonly TimeSpan s_bulkTime = TimeSpan.FromSeconds(1);

    /// <summary>Share of the datagrams that did not arrive, 0 to 1.</summary>
    public double Loss => 1 - ((double)DatagramsReceived / DatagramsSent);

    /// <summary>Measures; takes three seconds and more.</summary>
    /// <param name="network">The network, as it is set now.</param>
    /// <param name="datagrams">UDP datagrams to send, 100 microseconds apart.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<NetworkCheck> MeasureAsync(LabNetwork network, int datagrams, CancellationToken cancellationToken = default)
    {
        (NetworkNamespace sender, NetworkNamespace receiver) = (network.Boards[0], network.Boards[1]);
        List<TimeSpan> pings = await Task.Run(() => Ping(sender, receiver), cancellationToken);
        int received = await SendDatagramsAsync(network, datagrams, cancellationToken);
        double bulk = await BulkAsync(sender, receiver, cancellationToken);
        pings.Sort();
        return new NetworkCheck(pings.Count > 0 ? pings[pings.Count / 2] : null, PingCount - pings.Count, datagrams, received, bulk);
    }

    /// <summary>Sends UDP datagrams from board 1 to board 2, 100 microseconds apart.</summary>
    /// <returns>How many arrived, duplicates included.</returns>
    internal static Task<int> SendDatagramsAsync(LabNetwork network, int count, CancellationToken cancellationToken = default) =>
        Task.Run(() => SendDatagrams(network.Boards[0], network.Boards[1], count), cancellationToken);

    private static List<TimeSpan> Ping(NetworkNamespace from, NetworkNamespace to)
    {
        using Socket socket = from.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Raw, ProtocolType.Icmp));
        socket.ReceiveTimeout = (int)s_patience.TotalMilliseconds;
        socket.Connect(new IPEndPoint(IPAddress.Parse(to.Address), 0));
        byte[] reply = new byte[NetworkNamespace.MaximumPacket];
        List<TimeSpan> times = [];
        for (byte number = 0; number < PingCount; number++)
        {
            long start = Stopwatch.GetTimestamp();
            socket.Send(Echo(number));
            if (TryReceive(socket, reply, number))
            {
                times.Add(Stopwatch.GetElapsedTime(start));
                socket.ReceiveTimeout = 100 + (int)(2 * times.Max().TotalMilliseconds);
            }
        }

        return times;
    }

    // Type, code, checksum, identifier and number of the echo: the sum of its 16-bit words must be all ones.
    private static byte[] Echo(byte number)
    {
        int checksum = 0xFFFF - ((EchoRequest << 8) + number);
        return [EchoRequest, 0, (byte)(checksum >> 8), (byte)checksum, 0, 0, 0, number];
    }

    private static bool TryReceive(Socket socket, byte[] reply, byte number)
    {
        try
        {
            while (true)
            {
                int length = socket.Receive(reply);
                if (length == HeaderBytes + 8 && reply[HeaderBytes] == 0 && reply[HeaderBytes + 7] == number)
                {
                    return true;
                }
            }
        }
        catch (SocketException fault) when (fault.SocketErrorCode is SocketError.TimedOut or SocketError.WouldBlock)
        {
            return false;
        }
    }

    private static int SendDatagrams(NetworkNamespace from, NetworkNamespace to, int count)
    {
        using Socket receiver = to.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        // Past the system's limit: a receiver that has to wait for a core must not be taken for a lossy link.
        receiver.SetRawSocketOption(SocketLevel, ForceReceiveBuffer, BitConverter.GetBytes(ReceiveBufferBytes));
        receiver.ReceiveTimeout = (int)s_patience.TotalMilliseconds;
        receiver.Bind(new IPEndPoint(IPAddress.Parse(to.Address), 0));
        using Socket sender = from.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        sender.Connect(receiver.LocalEndPoint!);
        int received = 0;
        using ManualResetEventSlim isSent = new();
        Thread counting = new(() => received = CountDatagrams(receiver, isSent));
        counting.Start();
        byte[] packet = new byte[100];
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < count; i++)
        {
            while (Stopwatch.GetElapsedTime(start) < i * s_spacing)
            {
                Thread.Yield(); // the spacing is below what a timer can do
            }

            sender.Send(packet);
        }

        isSent.Set();
        counting.Join();
        return received;
    }

    // Until all are sent and then none has come for a while.
    private static int CountDatagrams(Socket receiver, ManualResetEventSlim isSent)
    {
        byte[] packet = new byte[NetworkNamespace.MaximumPacket];
        int count = 0;
        while (true)
        {
            bool mayEnd = isSent.IsSet;
            try
            {
                receiver.Receive(packet);
                count++;
            }
            catch (SocketException fault) when (fault.SocketErrorCode is SocketError.TimedOut or SocketError.WouldBlock)
            {
                if (mayEnd)
                {
                    return count;
                }
            }
        }
    }

    private static async Task<double> BulkAsync(NetworkNamespace from, NetworkNamespace to, CancellationToken cancellationToken)
    {
        using Socket listener = to.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        listener.Bind(new IPEndPoint(IPAddress.Parse(to.Address), 0));
        listener.Listen();
        using Socket sender = from.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        Task<Socket> accepting = listener.AcceptAsync(cancellationToken).AsTask();
        await sender.ConnectAsync(listener.LocalEndPoint!, cancellationToken);
        using Socket receiver = await accepting;
        using CancellationTokenSource over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        over.CancelAfter(s_bulkTime);
        byte[] outgoing = new byte[64 << 10];
        byte[] incoming = new byte[256 << 10];
        long start = Stopwatch.GetTimestamp();
        Task sending = PumpAsync(() => sender.SendAsync(outgoing, over.Token));
        long bytes = await PumpAsync(() => receiver.ReceiveAsync(incoming, over.Token));
        TimeSpan time = Stopwatch.GetElapsedTime(start);
        await sending;
        return bytes * 8 / time.TotalSeconds;
    }

    private static async Task<long> PumpAsync(Func<ValueTask<int>> move)
    {
        long bytes = 0;
        try
        {
            while (true)
            {
                bytes += await move();
            }
        }
        catch (OperationCanceledException)
        {
            return bytes;
        }
    }
}
