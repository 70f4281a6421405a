using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Halo.Fabric.Datagrams;
using Halo.Fabric.Datagrams.Format;

namespace Halo.Fabric.Tests.Datagrams;

/// <summary>A stranger who hears all datagrams and sends a board others like them, as fast as it can: none is taken, each is accounted for.</summary>
[Collection(AloneTests.Name)]
public sealed class FloodedBoardTests
{
    private const int Kept = 256;
    private const int Victim = 1;

    [Fact]
    public async Task Flood_RandomCutReplayedAndFlipped_NoneIsTakenAndAllAreCounted()
    {
        if (!OperatingSystem.IsLinux())
        {
            return; // only Linux tells what found no room
        }

        int most = 50_000 * Nightly.Repeats;
        using TappedFabric fabric = new(2, new DatagramOptions(), new Impairments());
        ConcurrentQueue<byte[]> heard = new();
        fabric.Tap.OnDatagram = (to, datagram) =>
        {
            if (to == Victim && heard.Count < Kept)
            {
                heard.Enqueue(datagram.ToArray());
            }
        };
        long injected = 0;
        bool done = false;
        Thread stranger = new(() => injected = Flood(fabric.PortOf(Victim), heard, most, ref done)) { IsBackground = true };
        stranger.Start();
        long before = GC.GetTotalMemory(forceFullCollection: true);
        int steps = 0;
        for (; stranger.IsAlive || steps == 0; steps += 20)
        {
            fabric.WalkOn(steps, 20);
        }

        Volatile.Write(ref done, true);
        stranger.Join();
        fabric.WalkOn(steps, 20);
        Assert.Equal(most, injected);

        // The last acknowledgements come when nobody waits for them.
        await Eventually.True(
            () => Task.FromResult(fabric.ForwardedTo(Victim) + injected - fabric.DroppedAt(Victim) == Accepted(fabric) + Refused(fabric)),
            "all that reached the board to be counted");
        Assert.Null(fabric.Ends[Victim].Failure);
        Assert.InRange(Accepted(fabric), 1, fabric.Ends[0].Statistics()[0].SentDatagrams);
        Assert.True(Refused(fabric) > injected / 10, $"Only {Refused(fabric)} of {injected} reached the board.");
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, 2 << 20);
    }

    private static long Accepted(TappedFabric fabric) => fabric.Ends[Victim].Statistics()[0].ReceivedDatagrams;

    private static long Refused(TappedFabric fabric) =>
        fabric.Ends[Victim].Statistics()[0].RejectedDatagrams + fabric.Ends[Victim].StrangeDatagrams;

    // Returns how many were sent.
    private static long Flood(int port, ConcurrentQueue<byte[]> heard, int most, ref bool done)
    {
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        IPEndPoint victim = new(IPAddress.Loopback, port);
        Random random = new(5);
        byte[][] originals = [];
        byte[] bytes = new byte[2 * DatagramFormat.MaxBytes];
        long sent = 0;
        while (sent < most && !Volatile.Read(ref done))
        {
            if (originals.Length < Kept)
            {
                originals = [.. heard];
            }

            if (originals.Length > 0)
            {
                socket.SendTo(bytes.AsSpan(0, DatagramMutations.Make(random, originals, bytes)), SocketFlags.None, victim);
                sent++;
            }
        }

        return sent;
    }
}
