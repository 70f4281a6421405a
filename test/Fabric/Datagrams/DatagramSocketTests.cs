using System.Net;
using Halo.Fabric.Datagrams;

namespace Halo.Fabric.Tests.Datagrams;

/// <summary>A board's port on the loopback.</summary>
public sealed class DatagramSocketTests
{
    [Fact]
    public void ReceiveOverflows_OfABufferThatNobodyEmpties_CountsWhatTheSystemDropped()
    {
        using DatagramSocket sender = new(IPAddress.Loopback);
        using DatagramSocket receiver = new(IPAddress.Loopback);
        receiver.Socket.ReceiveBufferSize = 8192;
        Assert.Equal(0, receiver.ReceiveOverflows);
        SocketAddress address = sender.AddressOf(IPAddress.Loopback, receiver.Port);
        byte[] datagram = new byte[1400];
        const int sent = 200;
        for (int i = 0; i < sent; i++)
        {
            sender.Send(datagram, address);
        }

        int came = 0;
        while (receiver.Receive(new byte[1500]) > 0)
        {
            came++;
        }

        Assert.Equal(OperatingSystem.IsLinux() ? sent - came : 0, receiver.ReceiveOverflows);
        Assert.InRange(came, 1, sent - 1);
        receiver.Dispose();
        Assert.Equal(0, receiver.ReceiveOverflows);
    }
}
