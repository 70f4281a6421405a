using System.Net.Sockets;
using Halo.Fabric.Stages;
using Halo.Fabric.Streams;
using Halo.Fabric.Streams.Sessions;
using Halo.Fabric.Tests.Streams.Sessions;
using Halo.Fabric.Tests.Transport;
using Halo.Fabric.Transport;
using Halo.Fabric.Wire;

namespace Halo.Fabric.Tests.Streams;

/// <summary>Boards as they are in processes of their own: connected through their ports, sealed, each moving its own bytes.</summary>
public sealed class SealedStreamTransportTests
{
    public static TheoryData<int, Topology, FrameCipherKind, bool> Fabrics => new()
    {
        { 2, Topology.Mesh, FrameCipherKind.AesGcm, true },
        { 2, Topology.Star, FrameCipherKind.ChaCha20Poly1305, false },
        { 4, Topology.Mesh, FrameCipherKind.ChaCha20Poly1305, false },
        { 4, Topology.Star, FrameCipherKind.AesGcm, true },
        { 7, Topology.Mesh, FrameCipherKind.AesGcm, false },
        { 7, Topology.Star, FrameCipherKind.AesGcm, false },
    };

    [Theory]
    [MemberData(nameof(Fabrics))]
    public async Task Complete_OverSealedLinks_AddsTheSumsInBoardOrderBitForBit(int boards, Topology topology, FrameCipherKind cipher, bool spin)
    {
        using SteppedFabric fabric = await Fabric(boards, topology, cipher, spin);
        SteppedWalk.Run(fabric, 30, seed: 17, (board, step, stage, key, residual, expected) => Assert.True(
            SteppedWalk.Bits(expected).SequenceEqual(SteppedWalk.Bits(residual)), $"Board {board}, step {step}, stage {stage}: the total differs."));
    }

    [Theory]
    [InlineData(Topology.Mesh, 0)]
    [InlineData(Topology.Mesh, 2)]
    [InlineData(Topology.Star, 0)]
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
        const int hiddenSize = 4096;
        const int rows = 64;
        using SteppedFabric fabric = await Fabric(boards, topology, size: s => s with { MaxRows = rows, HiddenSize = hiddenSize }, tinyBuffers: true);
        BoardThreads.Run(boards, board => WalkLarge(fabric, board, rows * hiddenSize), fabric.Stop);
    }

    [Theory]
    [InlineData(Topology.Mesh)]
    [InlineData(Topology.Star)]
    public async Task Complete_BoardThatMovesNoBytesAfterwards_LeavesNothingUnsent(Topology topology)
    {
        const int length = 64 * 4096;
        using SteppedFabric fabric = await Fabric(2, topology, size: s => s with { MaxRows = 64, HiddenSize = 4096 }, tinyBuffers: true);
        BoardThreads.Run(
            2,
            board =>
            {
                float[] residual = new float[length];
                for (int stage = 0; stage < 4; stage++)
                {
                    fabric.Ends[board].Contribute(new StageKey(1, 1, stage), length);
                    Assert.Equal(StageResult.Complete, fabric.Ends[board].Complete(new StageKey(1, 1, stage), residual));
                }
            },
            fabric.Stop);
    }

    [Theory]
    [InlineData(Topology.Mesh)]
    [InlineData(Topology.Star)]
    public async Task Dispose_OfOneBoard_IsNoticedByAllThatWaitAndTheOwnersAreTold(Topology topology)
    {
        List<(int Board, int Lost, string Reason)> lost = [];
        using SteppedFabric fabric = await Fabric(4, topology, onLost: (board, place, reason) =>
        {
            lock (lost)
            {
                lost.Add((board, place, reason));
            }
        });
        BoardThreads.Run(4, board => LoseBoard3(fabric, board), fabric.Stop);
        Assert.Equal([0, 1, 2], lost.Select(entry => entry.Board).Order());
        Assert.All(lost, entry => Assert.Equal((3, "Board b3 is lost: the connection was closed."), (entry.Lost, entry.Reason)));
    }

    [Fact]
    public async Task Receive_AlteredByteAtAnyPositionOfAFrame_EndsTheLinkWithAClearReason()
    {
        StageKey key = new(1, 1, 0);
        for (int at = 0; at < StreamFrame.Bytes + SteppedFabric.HiddenSize * sizeof(float) + FrameCipher.TagBytes; at += at < 40 ? 1 : 97)
        {
            (SteppedFabric fabric, Socket middle, Socket far) = await Intercepted();
            fabric.Contribute(1, key, 1);
            byte[] frame = MadeSessions.Read(middle, StreamFrame.Bytes + SteppedFabric.HiddenSize * sizeof(float) + FrameCipher.TagBytes);
            frame[at] ^= 1;
            far.Send(frame);
            far.Shutdown(SocketShutdown.Send); // an altered length may ask for bytes that never come
            fabric.Contribute(0, key, 1);
            Assert.Equal(StageResult.Aborted, fabric.Ends[0].Complete(key, new float[SteppedFabric.HiddenSize]));
            Assert.StartsWith("Board b1 is lost: ", fabric.Ends[0].AbortReason(1), StringComparison.Ordinal);
            MadeSessions.Dispose(fabric, middle, far);
        }
    }

    [Fact]
    public async Task Receive_FrameUnaltered_IsTaken()
    {
        StageKey key = new(1, 1, 0);
        (SteppedFabric fabric, Socket middle, Socket far) = await Intercepted();
        fabric.Contribute(1, key, 1);
        far.Send(MadeSessions.Read(middle, StreamFrame.Bytes + SteppedFabric.HiddenSize * sizeof(float) + FrameCipher.TagBytes));
        fabric.Contribute(0, key, 1);
        Assert.Equal(StageResult.Complete, fabric.Ends[0].Complete(key, new float[SteppedFabric.HiddenSize]));
        MadeSessions.Dispose(fabric, middle, far);
    }

    [Theory]
    [InlineData(Topology.Mesh)]
    [InlineData(Topology.Star)]
    public async Task Stop_FromAnotherThread_EndsEveryWait(Topology topology)
    {
        using SteppedFabric fabric = await Fabric(3, topology);
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
    public async Task Abort_ReasonLongerThanAFrameTakes_IsCutOff()
    {
        using SteppedFabric fabric = await Fabric(2, Topology.Mesh);
        fabric.Ends[1].Abort(1, new string('é', 10_000));
        Assert.Equal(StageResult.Aborted, fabric.Ends[0].Complete(new StageKey(1, 1, 0), new float[SteppedFabric.HiddenSize]));
        Assert.Equal(new string('é', StreamFrame.MaxReasonBytes / 2), fabric.Ends[0].AbortReason(1));
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

    private static void WalkLarge(SteppedFabric fabric, int board, int length)
    {
        for (long number = 1; number <= 2; number++)
        {
            long step = fabric.Begin(board, number);
            float[] residual = new float[length];
            for (int stage = 0; stage < fabric.Size.StageCount; stage++)
            {
                StageKey key = new(1, step, stage);
                fabric.Ends[board].PartialSum(key, length).Fill(board + 1 + stage);
                fabric.Ends[board].Contribute(key, length);
                Assert.Equal(StageResult.Complete, fabric.Ends[board].Complete(key, residual));
            }

            // Sum over stages of (1 + ... + boards) + boards * stage.
            int boards = fabric.Size.BoardCount;
            float expected = (boards * (boards + 1) / 2 * 4) + (boards * 6);
            Assert.False(residual.AsSpan().ContainsAnyExcept(expected), $"Board {board}, step {step}: the total differs.");
            fabric.Ends[board].EndStep(step, ResidualChecksum.Of(residual));
            if (board == 0)
            {
                Assert.Equal(StageResult.Complete, fabric.Ends[0].CompleteStep(step));
            }
        }
    }

    // Board 3 goes away in the middle of step 1; the head board and board 1 are in a stage, board 2 waits for its next step.
    private static void LoseBoard3(SteppedFabric fabric, int board)
    {
        if (board == 3)
        {
            fabric.Begin(3, 1);
            fabric.Ends[3].Dispose();
            return;
        }

        fabric.Begin(board, 1);
        if (board == 2)
        {
            Assert.True(fabric.Ends[2].ReceiveAnnouncement(out _).IsEmpty);
        }
        else
        {
            fabric.Contribute(board, new StageKey(1, 1, 0), 1);
            Assert.Equal(StageResult.Aborted, fabric.Ends[board].Complete(new StageKey(1, 1, 0), new float[SteppedFabric.HiddenSize]));
        }

        Assert.Equal("Board b3 is lost: the connection was closed.", fabric.Ends[board].AbortReason(1));
    }

    private static async Task<SteppedFabric> Fabric(
        int boards,
        Topology topology,
        FrameCipherKind cipher = FrameCipherKind.AesGcm,
        bool spin = false,
        Func<FabricSize, FabricSize>? size = null,
        bool tinyBuffers = false,
        Action<int, int, string>? onLost = null)
    {
        StreamListener?[] listeners = [.. Enumerable.Range(0, boards).Select(place => place == 0 ? null : MadeSessions.Listen())];
        IReadOnlyList<StreamConnection?>[] ends = await MadeSessions.ConnectAll(MadeSessions.Roster(StreamSession.Create(cipher), topology, listeners), listeners);
        MadeSessions.Dispose(listeners);
        foreach (StreamConnection? connection in ends.SelectMany(end => end).Where(_ => tinyBuffers))
        {
            connection?.Socket.SendBufferSize = 64 * 1024;
            connection?.Socket.ReceiveBufferSize = 64 * 1024;
        }

        string[] names = [.. Enumerable.Range(0, boards).Select(board => $"b{board}")];
        return new SteppedFabric(boards, connect: given => [.. ends.Select((end, board) => new StreamTransport(
            board, 0, names, end, size?.Invoke(given) ?? given, new StreamOptions(topology, WireType.F32), spin, (place, reason) => onLost?.Invoke(board, place, reason)))]);
    }

    // Two boards whose bytes a test carries by hand from board 1 (middle) to board 0 (far).
    private static Task<(SteppedFabric Fabric, Socket Middle, Socket Far)> Intercepted()
    {
        StreamSession session = MadeSessions.Session();
        DialerHandshake dialer = new(session, 0, 1, MadeSessions.Nonce(1));
        AcceptorHandshake acceptor = new(session, dialer.Hello, MadeSessions.Nonce(2));
        byte[] confirm = new byte[HandshakeFormat.MacBytes];
        Assert.True(dialer.TryAnswer(acceptor.Answer, confirm, out LinkKeys? head));
        Assert.True(acceptor.TryConfirm(confirm, out LinkKeys? board));
        (Socket near, Socket far) = LoopbackStreams.LoopbackPair();
        (Socket middle, Socket sender) = LoopbackStreams.LoopbackPair();
        StreamConnection?[][] ends = [[null, new StreamConnection(near, head)], [new StreamConnection(sender, board), null]];
        SteppedFabric fabric = new(2, connect: size => [.. ends.Select((end, place) => new StreamTransport(place, 0, ["b0", "b1"], end, size, new StreamOptions(), false))]);
        return Task.FromResult((fabric, middle, far));
    }
}
