using System.Net;
using System.Net.Sockets;
using Halo.Fabric.Datagrams;
using Halo.Fabric.Stages;
using Halo.Fabric.Streams;
using Halo.Fabric.Streams.Sessions;
using Halo.Fabric.Tests.Streams.Sessions;
using Halo.Fabric.Tests.Transport;
using Halo.Fabric.Transport;
using Halo.Fabric.Wire;

namespace Halo.Fabric.Tests.Datagrams;

/// <summary>Boards as they are in processes of their own: connected through their ports, exchanging datagrams on the loopback.</summary>
public sealed class DatagramTransportTests
{
    public static TheoryData<int, Topology, FrameCipherKind, bool> Fabrics => new()
    {
        { 2, Topology.Mesh, FrameCipherKind.AesGcm, true },
        { 2, Topology.Star, FrameCipherKind.ChaCha20Poly1305, false },
        { 4, Topology.Mesh, FrameCipherKind.ChaCha20Poly1305, false },
        { 4, Topology.Star, FrameCipherKind.AesGcm, true },
        { 7, Topology.Mesh, FrameCipherKind.AesGcm, false },
    };

    [Theory]
    [MemberData(nameof(Fabrics))]
    public async Task Complete_OverSockets_AddsTheSumsInBoardOrderBitForBit(int boards, Topology topology, FrameCipherKind cipher, bool spin)
    {
        using SteppedFabric fabric = await Fabric(boards, topology, cipher, spin);
        SteppedWalk.Run(fabric, 30, seed: 17, (board, step, stage, key, residual, expected) => Assert.True(
            SteppedWalk.Bits(expected).SequenceEqual(SteppedWalk.Bits(residual)), $"Board {board}, step {step}, stage {stage}: the total differs."));
    }

    [Theory]
    [InlineData(2, Topology.Mesh)]
    [InlineData(3, Topology.Star)]
    [InlineData(4, Topology.Mesh)]
    public void Complete_InOneProcess_AddsTheSumsInBoardOrderBitForBit(int boards, Topology topology)
    {
        using SteppedFabric fabric = new(boards, connect: size => LoopbackDatagrams.Connect(
            [.. Enumerable.Range(0, boards).Select(board => $"b{board}")], 0, size, new DatagramOptions(topology)));
        SteppedWalk.Run(fabric, 30, seed: 3, (board, step, stage, key, residual, expected) => Assert.True(
            SteppedWalk.Bits(expected).SequenceEqual(SteppedWalk.Bits(residual)), $"Board {board}, step {step}, stage {stage}: the total differs."));
    }

    [Theory]
    [InlineData(Topology.Mesh, 0)]
    [InlineData(Topology.Mesh, 2)]
    [InlineData(Topology.Star, 1)]
    public async Task Abort_ByOneBoard_EndsTheStepOnAllAndTheNextIsRight(Topology topology, int aborting)
    {
        using SteppedFabric fabric = await Fabric(3, topology);
        BoardThreads.Run(3, board => SteppedWalk.WithAborts(fabric, board, aborting, 30), fabric.Stop);
    }

    [Theory]
    [InlineData(Topology.Mesh, 2)]
    [InlineData(Topology.Mesh, 4)]
    [InlineData(Topology.Star, 3)]
    public async Task Contribute_SumsFarLargerThanTheSocketsBuffers_NeverWaitInACircle(Topology topology, int boards)
    {
        const int length = 64 * 4096;
        using SteppedFabric fabric = await Fabric(boards, topology, size: s => s with { MaxRows = 64, HiddenSize = 4096 });
        BoardThreads.Run(
            boards,
            board =>
            {
                fabric.Begin(board, 1);
                for (int stage = 0; stage < fabric.Size.StageCount; stage++)
                {
                    StageKey key = new(1, 1, stage);
                    float[] residual = new float[length];
                    fabric.Ends[board].PartialSum(key, length).Fill(board + stage);
                    fabric.Ends[board].Contribute(key, length);
                    Assert.Equal(StageResult.Complete, fabric.Ends[board].Complete(key, residual));
                    Assert.False(residual.AsSpan().ContainsAnyExcept(boards * (boards - 1) / 2 + boards * stage), $"Board {board}, stage {stage}.");
                }
            },
            fabric.Stop);
    }

    [Theory]
    [InlineData(Topology.Mesh)]
    [InlineData(Topology.Star)]
    public async Task Dispose_OfOneBoard_EndsTheOthersAtOnceAndNamesIt(Topology topology)
    {
        List<(int Place, string Reason)> lost = [];
        using SteppedFabric fabric = await Fabric(3, topology, onLost: (board, place, reason) =>
        {
            lock (lost)
            {
                lost.Add((place, reason));
            }
        });
        BoardThreads.Run(
            3,
            board =>
            {
                fabric.Begin(board, 1);
                if (board == 2)
                {
                    fabric.Ends[2].Dispose();
                    return;
                }

                StageKey key = new(1, 1, 0);
                fabric.Contribute(board, key, 1);
                Assert.Equal(StageResult.Aborted, fabric.Ends[board].Complete(key, new float[SteppedFabric.HiddenSize]));
                Assert.Equal("Board b2 is lost: the connection was closed.", fabric.Ends[board].Failure);
            },
            fabric.Stop);
        Assert.Equal([(2, "Board b2 is lost: the connection was closed."), (2, "Board b2 is lost: the connection was closed.")], lost);
    }

    [Fact]
    public async Task Announce_HeadThatIsElsewhereAfterwards_IsAcknowledgedAndResentByTheTimer()
    {
        // Nobody moves datagrams for board 0 but its timer: a large announcement needs acknowledgements taken in between.
        using SteppedFabric fabric = await Fabric(2, Topology.Mesh, size: s => s with { AnnouncementBytes = 500_000 });
        Task announcing = Task.Run(() => fabric.Ends[0].Announce(1, new byte[500_000]));
        BoardThreads.Run(1, _ => Assert.Equal(500_000, fabric.Ends[1].ReceiveAnnouncement(out long _).Length), fabric.Stop);
        await announcing;
        DatagramTransport head = (DatagramTransport)fabric.Ends[0];
        fabric.Ends[1].EndStep(1, 0);
        await Eventually.True(() => Task.FromResult(head.Statistics()[0].ReceivedDatagrams > 0), "the head board's timer to take datagrams");
    }

    [Fact]
    public async Task Stop_FromAnotherThread_EndsEveryWait()
    {
        using SteppedFabric fabric = await Fabric(3, Topology.Mesh);
        StageKey key = new(1, 1, 0);
        BoardThreads.Run(
            4,
            thread =>
            {
                switch (thread)
                {
                    case 0:
                        fabric.Contribute(0, key, 1);
                        Assert.Equal(StageResult.Aborted, fabric.Ends[0].Complete(key, new float[SteppedFabric.HiddenSize]));
                        break;
                    case 3:
                        fabric.Stop();
                        break;
                    default:
                        Assert.True(fabric.Ends[thread].ReceiveAnnouncement(out _).IsEmpty);
                        break;
                }
            },
            () => { });
        Assert.Null(fabric.Ends[0].AbortReason(1));
    }

    [Fact]
    public async Task Abort_FromAnotherThreadWhileItsBoardWaits_ReachesAllBoards()
    {
        using SteppedFabric fabric = await Fabric(2, Topology.Mesh);
        StageKey key = new(1, 1, 0);
        BoardThreads.Run(
            3,
            thread =>
            {
                if (thread == 2)
                {
                    fabric.Ends[0].Abort(1, "somebody asked for it");
                    return;
                }

                // Nobody contributes: only the abort can end this.
                Assert.Equal(StageResult.Aborted, fabric.Ends[thread].Complete(key, new float[SteppedFabric.HiddenSize]));
                Assert.Equal("somebody asked for it", fabric.Ends[thread].AbortReason(1));
            },
            fabric.Stop);
    }

    [Fact]
    public async Task Step_AfterWarmUp_AllocatesNothing()
    {
        using SteppedFabric fabric = await Fabric(2, Topology.Mesh);
        long[] allocated = new long[2];
        BoardThreads.Run(
            2,
            board =>
            {
                float[] residual = new float[SteppedFabric.HiddenSize];
                byte[] announcement = new byte[8];
                long before = 0;
                for (long step = 1; step <= 300; step++)
                {
                    before = step == 100 ? GC.GetAllocatedBytesForCurrentThread() : before;
                    if (board == 0)
                    {
                        fabric.Ends[0].Announce(step, announcement);
                    }
                    else if (fabric.Ends[1].ReceiveAnnouncement(out _).IsEmpty)
                    {
                        return;
                    }

                    for (int stage = 0; stage < fabric.Size.StageCount; stage++)
                    {
                        StageKey key = new(1, step, stage);
                        fabric.Ends[board].Contribute(key, residual.Length);
                        fabric.Ends[board].Complete(key, residual);
                    }

                    fabric.Ends[board].EndStep(step, 0);
                    if (board == 0)
                    {
                        fabric.Ends[0].CompleteStep(step);
                    }
                }

                allocated[board] = GC.GetAllocatedBytesForCurrentThread() - before;
            },
            fabric.Stop);
        Assert.All(allocated, bytes => Assert.Equal(0, bytes));
    }

    [Fact]
    public async Task Connect_BoardThatClosesInstead_IsNamed()
    {
        (IReadOnlyList<StreamConnection?>[] ends, string[] names) = await Connections(2, Topology.Mesh, FrameCipherKind.AesGcm);
        ends[1][0]!.Dispose();
        FabricSize size = new SteppedFabric(2).Size;
        StreamConnectException fault = Assert.Throws<StreamConnectException>(() =>
            DatagramPorts.Connect(0, 0, names, ends[0], size, new DatagramOptions(), false, TimeSpan.FromSeconds(10)));
        Assert.Equal(1, fault.Place);
        Assert.StartsWith("Board b1 did not tell its port for datagrams", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void CommonAddress_OfSeveral_IsTheOneThatServesAll()
    {
        IPAddress v4 = IPAddress.Parse("10.0.0.1");
        Assert.Equal(v4, DatagramSocket.CommonAddress([v4, v4.MapToIPv6()]));
        Assert.Equal(IPAddress.Any, DatagramSocket.CommonAddress([v4, IPAddress.Loopback]));
        Assert.Equal(IPAddress.IPv6Any, DatagramSocket.CommonAddress([v4, IPAddress.IPv6Loopback]));
        Assert.Equal(AddressFamily.InterNetworkV6, DatagramSocket.CommonAddress([IPAddress.IPv6Loopback]).AddressFamily);
    }

    private static async Task<SteppedFabric> Fabric(
        int boards,
        Topology topology,
        FrameCipherKind cipher = FrameCipherKind.AesGcm,
        bool spin = false,
        Func<FabricSize, FabricSize>? size = null,
        Action<int, int, string>? onLost = null)
    {
        (IReadOnlyList<StreamConnection?>[] ends, string[] names) = await Connections(boards, topology, cipher);
        FabricSize given = new SteppedFabric(boards).Size;
        DatagramTransport[] transports = await Task.WhenAll(ends.Select((end, board) => Task.Factory.StartNew(
            () => DatagramPorts.Connect(
                board, 0, names, end, size?.Invoke(given) ?? given, new DatagramOptions(topology, WireType.F32), spin, TimeSpan.FromSeconds(20),
                (place, reason) => onLost?.Invoke(board, place, reason)),
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default)));
        return new SteppedFabric(boards, connect: _ => transports);
    }

    private static async Task<(IReadOnlyList<StreamConnection?>[] Ends, string[] Names)> Connections(int boards, Topology topology, FrameCipherKind cipher)
    {
        StreamListener?[] listeners = [.. Enumerable.Range(0, boards).Select(place => place == 0 ? null : MadeSessions.Listen())];
        IReadOnlyList<StreamConnection?>[] ends = await MadeSessions.ConnectAll(MadeSessions.Roster(StreamSession.Create(cipher), topology, listeners), listeners);
        MadeSessions.Dispose(listeners);
        return (ends, [.. Enumerable.Range(0, boards).Select(board => $"b{board}")]);
    }
}
