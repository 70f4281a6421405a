using Halo.Boards.Remote;
using Halo.Boards.Steps;
using Halo.Fabric.Streams;
using Halo.Fabric.Wire;
using Halo.Inference.Model;
using Halo.Inference.Sampling;
using Halo.Planning.Assignment;

namespace Halo.EndToEnd.Tests.Boards.Security;

/// <summary>Someone who recorded a stream between boards, or makes one up, gets no stream of his own.</summary>
[Collection(BoardTests.Name)]
public sealed class StreamAttackTests
{
    private const string ModelFile = "models/stories260K/stories260K-F32.gguf";
    private const int HelloBytes = 44;
    private const int ConfirmBytes = 32;
    private const int SessionAt = 8;

    // Magic, version 1, kind 3: refused; detail 3: no such session is expected.
    private static readonly byte[] s_notExpected = [.. "HALO"u8, 1, 0, 3, 3];

    [SharedFact(ModelFile)]
    public async Task Connect_ReplayedOrUnknownSession_IsRefusedAndStepsGoOn()
    {
        using ClusterFolder folder = new();
        await using BoardProgram board = await BoardProgram.StartAsync(folder, "b2");
        await using StreamTap tap = new(board.DataPort);
        await using BareHead head = new(folder, TestPaths.Shared(ModelFile));
        RemoteBoard remote = await head.AttachAsync(board, tap.Port);
        Plan plan = await head.LoadAsync();
        StepRunner runner = await head.JoinAsync(plan, new StreamOptions(Topology.Mesh, WireType.F32));
        int first = await StepAsync(runner, plan, sequence: 1);
        byte[] recorded = tap.Recorded.MaxBy(record => record.Length)!.ToArray(); // the head board may dial before the board is told
        Assert.True(recorded.Length > HelloBytes + ConfirmBytes + 1000, "The session's frames were not recorded.");

        byte[] hello = recorded[..HelloBytes];
        byte[] unknown = [.. hello];
        unknown[SessionAt] ^= 1;
        byte[][] attacks = [hello, recorded, unknown, [.. unknown, .. recorded[HelloBytes..]]];
        foreach (byte[] attack in attacks)
        {
            byte[] answer = await RawSocket.SendAsync(board.DataPort, attack);

            // A reset may overtake the refusal where more was sent than the board read.
            Assert.True(answer.AsSpan().SequenceEqual(s_notExpected) || (answer.Length == 0 && attack.Length > HelloBytes), Convert.ToHexString(answer));
        }

        Assert.Equal(first, await StepAsync(runner, plan, sequence: 2));
        Assert.Equal(2, (await remote.GetStatisticsAsync(BareHead.Model)).SequenceCount);
    }

    // The token that follows on the first one.
    private static async Task<int> StepAsync(StepRunner runner, Plan plan, long sequence)
    {
        StepRequest request = new();
        request.Opens.Add(new SequenceSpec { SequenceId = sequence, Tokens = [1], Sampling = SamplingParameters.Greedy });
        request.Step.PlanVersion = plan.Version;
        request.Step.Rows.Add(new StepRow(sequence, 0, 1));
        request.Step.LogitRows.Add(0);
        return (await runner.RunAsync(request))[0].TokenId;
    }
}
