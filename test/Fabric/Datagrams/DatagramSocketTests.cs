using System.Net;
using System.Net.Sockets;
using Halo.Fabric.Datagrams;
using Halo.Fabric.Datagrams.Format;

namespace Halo.Fabric.Tests.Datagrams;

/// <summary>Datagrams that share system calls arrive as those that do not: each whole, once, in the order of sending.</summary>
public sealed class DatagramSocketTests
{
    private const int Run = 60;

    // Runs of equal length with a shorter one at the end, others that interrupt them, more than fit one call.
    private static readonly int[] s_lengths =
        [.. Enumerable.Repeat(1392, 7), 300, 64, 64, 64, 1400, 1392, 1392, 80, .. Enumerable.Repeat(1200, 50), 1, .. Enumerable.Repeat(64, 90), DatagramFormat.MaxBytes];

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public void Send_ManyLengthsToTwoReceivers_ArriveWholeInOrder(bool senderBatches, bool receiverBatches)
    {
        using DatagramSocket sender = new(IPAddress.Loopback, batches: senderBatches);
        using DatagramSocket first = new(IPAddress.Loopback, batches: receiverBatches);
        using DatagramSocket second = new(IPAddress.Loopback, batches: receiverBatches);
        SendAll(sender, first, second);
        AssertAll(first, 0);
        AssertAll(second, 1);
    }

    [Fact]
    public void Send_WhereTheSystemRefusesToCutApart_GoesOneByOne()
    {
        const int socketLevel = 1;
        const int noChecksum = 11;
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        using DatagramSocket sender = new(IPAddress.Loopback);
        sender.Socket.SetRawSocketOption(socketLevel, noChecksum, BitConverter.GetBytes(1)); // without a checksum there is no cutting apart
        using DatagramSocket first = new(IPAddress.Loopback);
        using DatagramSocket second = new(IPAddress.Loopback);
        SendAll(sender, first, second);
        AssertAll(first, 0);
        AssertAll(second, 1);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void TryReceive_LongerThanAnyOfOurs_ShowsThatItIs(bool batches)
    {
        using Socket stranger = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        using DatagramSocket receiver = new(IPAddress.Loopback, batches: batches);
        stranger.SendTo(new byte[30_000], new IPEndPoint(IPAddress.Loopback, receiver.Port));
        Assert.True(receiver.TryReceive(out Span<byte> datagram));
        Assert.True(datagram.Length > DatagramFormat.MaxBytes || datagram.IsEmpty);
        Assert.False(receiver.TryReceive(out _));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void TryReceive_AfterDispose_GivesNothing(bool batches)
    {
        DatagramSocket socket = new(IPAddress.Loopback, batches: batches);
        SocketAddress self = socket.AddressOf(IPAddress.Loopback, socket.Port);
        socket.Dispose();
        socket.Send(new byte[64], self);
        socket.Flush();
        Assert.False(socket.TryReceive(out _));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Send_AfterWarmUp_AllocatesNothing(bool batches)
    {
        using DatagramSocket sender = new(IPAddress.Loopback, batches: batches);
        using DatagramSocket receiver = new(IPAddress.Loopback, batches: batches);
        SocketAddress address = sender.AddressOf(IPAddress.Loopback, receiver.Port);
        byte[] datagram = new byte[1392];
        long before = 0;
        for (int round = 0; round < 2_000; round++)
        {
            before = round == 200 ? GC.GetAllocatedBytesForCurrentThread() : before;
            for (int i = 0; i < 5; i++)
            {
                sender.Send(datagram, address);
            }

            sender.Flush();
            while (receiver.TryReceive(out _))
            {
            }
        }

        // An object for each of 9,000 sends would be 200,000 bytes; beside other tests the runtime itself takes a few, once.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 100);
    }

    // Each datagram says whom it is for and which it is.
    private static void SendAll(DatagramSocket sender, params DatagramSocket[] receivers)
    {
        SocketAddress[] addresses = [.. receivers.Select(receiver => sender.AddressOf(IPAddress.Loopback, receiver.Port))];
        byte[] datagram = new byte[DatagramFormat.MaxBytes];
        for (int begin = 0; begin < s_lengths.Length; begin += Run)
        {
            for (int to = 0; to < receivers.Length; to++)
            {
                for (int number = begin; number < Math.Min(begin + Run, s_lengths.Length); number++)
                {
                    Array.Fill(datagram, Content(number, to));
                    sender.Send(datagram.AsSpan(0, s_lengths[number]), addresses[to]);
                }
            }
        }

        sender.Flush();
    }

    private static void AssertAll(DatagramSocket receiver, int place)
    {
        for (int number = 0; number < s_lengths.Length; number++)
        {
            Assert.True(receiver.TryReceive(out Span<byte> datagram), $"Datagram {number} has not come.");
            Assert.Equal(s_lengths[number], datagram.Length);
            Assert.False(datagram.ContainsAnyExcept(Content(number, place)), $"Datagram {number} holds another's bytes.");
        }

        Assert.False(receiver.TryReceive(out _));
    }

    private static byte Content(int number, int place) => (byte)((2 * number) + place);

    [Fact]
    public void ReceiveOverflows_OfABufferThatNobodyEmpties_CountsWhatTheSystemDropped()
    {
        using DatagramSocket sender = new(IPAddress.Loopback, batches: false);
        using DatagramSocket receiver = new(IPAddress.Loopback, batches: false);
        receiver.Socket.ReceiveBufferSize = 8192;
        Assert.Equal(0, receiver.ReceiveOverflows);
        SocketAddress address = sender.AddressOf(IPAddress.Loopback, receiver.Port);
        byte[] datagram = new byte[1400];
        const int sent = 200;
        for (int i = 0; i < sent; i++)
        {
            sender.Send(datagram, address);
        }

        sender.Flush();
        int came = 0;
        while (receiver.TryReceive(out _))
        {
            came++;
        }

        Assert.Equal(OperatingSystem.IsLinux() ? sent - came : 0, receiver.ReceiveOverflows);
        Assert.InRange(came, 1, sent - 1);
        receiver.Dispose();
        Assert.Equal(0, receiver.ReceiveOverflows);
    }
}
