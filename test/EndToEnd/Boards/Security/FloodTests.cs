using System.Net;
using System.Net.Sockets;
using System.Text;
using Halo.Silo;
using Xunit.Abstractions;

namespace Halo.EndToEnd.Tests.Boards.Security;

/// <summary>A thousand strangers who connect and say half a word, and others who talk nonsense.</summary>
[Collection(BoardTests.Name)]
public sealed class FloodTests(ITestOutputHelper output)
{
    private const string Folder = "stories260K";
    private const string File32 = "stories260K-F32.gguf";
    private const string ModelFile = $"models/{Folder}/{File32}";
    private const int HalfOpen = 1000;
    private const int Nonsense = 100;

    private static readonly byte[] s_halfHead = Encoding.ASCII.GetBytes("POST /control/statistics HTTP/1.1\r\nHost: bo");
    private static readonly byte[] s_halfHello = [.. "HALO"u8, 1, 0, 1, 1, 9, 9, 9];

    [SharedFact(ModelFile)]
    public async Task Connect_ThousandHalfOpenAndNonsenseOnAllPorts_TextIsRightAndTheyAreClosed()
    {
        using ClusterFolder folder = new();
        await using BoardProgram board = await BoardProgram.StartAsync(folder, "b2");
        HaloClusterOptions options = Heads.Options(folder, [board]);
        options.Models[Folder] = TestPaths.Shared(ModelFile);
        List<Socket> strangers = [];
        try
        {
            await using (HaloCluster cluster = await Heads.StartAsync(options))
            {
                await cluster.TextAsync(Folder, 1);
                Task flood = Task.Run(() => FloodAsync(board, strangers));
                int texts = 0;
                do
                {
                    Assert.Equal(Heads.ReferenceText(Folder, File32), await cluster.TextAsync(Folder, 200));
                    texts++;
                }
                while (!flood.IsCompleted);

                await flood;
                Assert.Equal(2 * HalfOpen, strangers.Count);
                output.WriteLine($"{texts} texts meanwhile; then {strangers.Count(IsOpen)} of {strangers.Count} connections were open.");
            }

            // While they are still there a new head process gets both a control session and a stream session.
            await using HaloCluster second = await Heads.StartAsync(options);
            Assert.Equal(Heads.ReferenceText(Folder, File32), await second.TextAsync(Folder, 200));
            Assert.Equal(2, (await second.Grains.GetGrain<Grains.IModelGrain>(Folder).GetPlanAsync()).ToPlan().Boards.Count);

            // Half a head ends after 5 s, half a hello after 5 s or when 256 others have come.
            await Task.WhenAll(strangers.Select(RawSocket.ReadToEndAsync));
            Assert.Equal(Heads.ReferenceText(Folder, File32), await second.TextAsync(Folder, 200));
        }
        finally
        {
            strangers.ForEach(socket => socket.Dispose());
        }
    }

    private static async Task FloodAsync(BoardProgram board, List<Socket> strangers)
    {
        Random random = new(7);
        using UdpClient datagrams = new();
        foreach ((int port, byte[] half) in ((int, byte[])[])[(board.ControlPort, s_halfHead), (board.DataPort, s_halfHello)])
        {
            Socket[] sockets = await Task.WhenAll(Enumerable.Range(0, HalfOpen).Select(_ => RawSocket.ConnectAsync(port)));
            strangers.AddRange(sockets);
            Array.ForEach(sockets, socket => socket.Send(half));
        }

        for (int i = 0; i < Nonsense; i++)
        {
            byte[] nonsense = new byte[random.Next(1, 1400)];
            random.NextBytes(nonsense);
            await datagrams.SendAsync(nonsense, new IPEndPoint(IPAddress.Loopback, board.HeartbeatPort));
            await RawSocket.SendAsync(board.ControlPort, [.. nonsense, .. "\r\n\r\n"u8]);
            await RawSocket.SendAsync(board.DataPort, [.. nonsense, .. new byte[64]]);
        }
    }

    // Nothing to read: neither an answer nor the end.
    private static bool IsOpen(Socket socket) => !socket.Poll(TimeSpan.Zero, SelectMode.SelectRead);
}
