using System.Net;
using System.Net.Sockets;
using System.Text;
using Halo.Boards.Control;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Halo.Boards.Tests.Control;

/// <summary>Strangers on the control port.</summary>
public sealed class CrowdTests
{
    [Fact]
    public async Task Send_Amid1000HalfOpenConnectionsAndGarbage_Works()
    {
        await using ControlHost host = await ControlHost.StartAsync();
        using ControlClient client = host.Client();
        List<Socket> crowd = [];
        try
        {
            for (int i = 0; i < 1000; i++)
            {
                crowd.Add(await StrangerAsync(host.Address, i));
            }

            for (int i = 0; i < 20; i++)
            {
                Assert.Equal(4, (await client.SendAsync(HttpMethod.Post, "/control/echo", BitConverter.GetBytes(i), default)).Body.Length);
            }

            Assert.Equal(20, host.Runs);
        }
        finally
        {
            crowd.ForEach(socket => socket.Dispose());
        }
    }

    [Fact]
    public async Task Post_OfALongBodyByAStranger_IsRefusedBeforeItIsRead()
    {
        await using ControlHost host = await ControlHost.StartAsync();
        Meddler wire = new();
        using ControlClient client = host.Client(wire.Options);
        string session = (await client.ConnectAsync(default)).Id;
        using Socket stranger = new(SocketType.Stream, ProtocolType.Tcp);
        await stranger.ConnectAsync(IPAddress.Loopback, host.Address.Port);
        string proof = Convert.ToBase64String(new byte[ControlProtocol.MacBytes]);
        await stranger.SendAsync(Encoding.ASCII.GetBytes(
            $"POST /control/echo HTTP/1.1\r\nHost: b2\r\nHalo-Session: {session}\r\nHalo-Number: 5\r\nHalo-Proof: {proof}\r\nContent-Length: 1000000\r\n\r\nonly this"));
        byte[] answer = new byte[1024];
        int read = await stranger.ReceiveAsync(answer);
        Assert.StartsWith("HTTP/1.1 401", Encoding.ASCII.GetString(answer, 0, read), StringComparison.Ordinal);
        Assert.Equal(1, host.Server.Statistics.Refused[ControlRefusal.Altered]);
        for (int i = 0; i < 5; i++)
        {
            await client.SendAsync(HttpMethod.Post, "/control/echo", new byte[1], default); // number 5 is still free
        }

        Assert.Equal(5, host.Runs);
    }

    [Fact]
    public void Apply_ToAServer_BoundsWhatAStrangerMayTake()
    {
        KestrelServerOptions options = new();
        ControlLimits.Apply(options, 1000);
        Assert.Equal(1016, options.Limits.MaxRequestBodySize);
        Assert.Equal(TimeSpan.FromSeconds(5), options.Limits.RequestHeadersTimeout);
        Assert.Equal(TimeSpan.FromSeconds(30), options.Limits.KeepAliveTimeout);
        Assert.True(options.Limits.MaxConcurrentConnections > 1000);
    }

    private static async Task<Socket> StrangerAsync(Uri address, int number)
    {
        Socket socket = new(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, address.Port);
        byte[] bytes = (number % 4) switch
        {
            0 => [],
            1 => Encoding.ASCII.GetBytes("POST /halo/hello HTTP/1.1\r\nHost: b"),
            2 => Encoding.ASCII.GetBytes("POST /halo/hello HTTP/1.1\r\nHost: b2\r\nContent-Length: 8000\r\n\r\n{"),
            _ => [.. Enumerable.Range(number, 200).Select(i => (byte)(i * 37))],
        };
        if (bytes.Length > 0)
        {
            await socket.SendAsync(bytes);
        }

        return socket;
    }
}
