using System.Net;
using System.Net.Sockets;
using Halo.Cli.Lab;
using Halo.Cli.Lab.Loss;
using Halo.Fabric.Streams;
using Halo.Fabric.Wire;
using Halo.Lab.Model;
using Halo.Lab.Tests;
using Xunit.Abstractions;

namespace Halo.Cli.Tests.Lab;

/// <summary>
/// A stranger on a board's own machine, who hears all of its datagrams and sends it others like them, 50,000 or, with <c>HALO_REPEATS=20</c>, 1,000,000.
/// </summary>
[Collection(BadLinksTests.Name)]
public sealed class FloodedProcessTests(ITestOutputHelper output)
{
    private const int Boards = 2;
    private const int Victim = 1;
    private const int Tokens = 60;
    private const int Kept = 512;
    private const int IpHead = 20;
    private const int UdpHead = 8;

    [RootFact]
    public async Task Generate_WhileABoardIsFlooded_GivesTheSameTextAndNothingGrows()
    {
        // Every refused datagram costs an exception of the runtime's, which is garbage: the heaps of two processes grow until they are collected, once.
        const long mostGrowth = 64L << 20;
        const long mostLaterGrowth = 12L << 20;
        int most = 50_000 * Nightly.Repeats;
        await using LabCluster cluster = await LabCluster.StartAsync(
            new LinkSetting(Boards, 1, new LinkSettings(), null, null), TestPaths.BundledModel, LossPolicy.Protected, Topology.Mesh, WireType.F32, Tokens,
            CancellationToken.None);
        await cluster.GenerateAsync(Tokens, CancellationToken.None); // compilation
        using Socket ear = cluster.RunAt(Victim, () => new Socket(AddressFamily.InterNetwork, SocketType.Raw, ProtocolType.Udp));
        HeadRun quiet = await cluster.GenerateAsync(Tokens, CancellationToken.None);
        (int port, byte[][] heard) = Hear(ear);
        Assert.All(heard, datagram => Assert.Equal("HD"u8, datagram.AsSpan(0, 2))); // ours: the format's magic number
        using Socket mouth = cluster.RunAt(Victim, () => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        long before = cluster.MemoryBytes;
        Task flood = Task.Factory.StartNew(() => Flood(mouth, port, heard, most), TaskCreationOptions.LongRunning);
        List<double> times = [];
        List<long> memory = [];
        do
        {
            HeadRun run = await cluster.GenerateAsync(Tokens, CancellationToken.None);
            Assert.Equal(quiet.Tokens, run.Tokens);
            times.Add(run.TokenMs.Average());
            memory.Add(cluster.MemoryBytes - before);
        }
        while (!flood.IsCompleted);

        await flood;
        HeadRun after = await cluster.GenerateAsync(Tokens, CancellationToken.None);
        Assert.Equal(quiet.Tokens, after.Tokens);
        output.WriteLine($"{most} datagrams during {times.Count} texts; TPOT {quiet.TokenMs.Average():0.0} ms before, {string.Join(", ", times.Select(t => $"{t:0.0}"))} meanwhile, "
            + $"{after.TokenMs.Average():0.0} after; KiB more memory: {string.Join(", ", memory.Select(bytes => bytes >> 10))}");
        Assert.True(memory[^1] < mostGrowth, $"Memory grew by {memory[^1] >> 10} KiB.");
        Assert.True(memory[^1] - memory[memory.Count / 2] < mostLaterGrowth, $"Memory goes on growing: {string.Join(", ", memory.Select(bytes => bytes >> 10))} KiB.");
    }

    // The board's port for datagrams, and what came to it. Heartbeats come to another.
    private static (int Port, byte[][] Datagrams) Hear(Socket ear)
    {
        byte[] packet = new byte[ushort.MaxValue];
        Dictionary<int, List<byte[]>> byPort = [];
        while (ear.Available > 0)
        {
            int count = ear.Receive(packet);
            int port = (packet[IpHead + 2] << 8) | packet[IpHead + 3];
            byPort.TryAdd(port, []);
            byPort[port].Add(packet[(IpHead + UdpHead)..count]);
        }

        (int busiest, List<byte[]> heard) = byPort.MaxBy(port => port.Value.Count);
        return (busiest, [.. heard.TakeLast(Kept)]);
    }

    private static void Flood(Socket mouth, int port, byte[][] heard, int most)
    {
        Random random = new(3);
        IPEndPoint board = new(IPAddress.Parse($"10.77.0.{Victim + 1}"), port);
        byte[] datagram = new byte[2 * heard.Max(original => original.Length)];
        for (int sent = 0; sent < most; sent++)
        {
            mouth.SendTo(datagram.AsSpan(0, DatagramMutations.Make(random, heard, datagram)), SocketFlags.None, board);
        }
    }
}
