using System.Security.Cryptography;
using Halo.Fabric.Datagrams;
using Halo.Fabric.Datagrams.Format;
using Halo.Fabric.Stages;
using Halo.Fabric.Streams;
using Halo.Fabric.Streams.Sessions;
using Halo.Fabric.Tests.Transport;
using Halo.Fabric.Transport;

namespace Halo.Fabric.Tests.Datagrams;

/// <summary>Boards on a virtual network that walk steps together on one thread, as boards that share a step thread do.</summary>
internal sealed class VirtualFabric : IDisposable
{
    private readonly SteppedFabric _fabric;

    internal VirtualFabric(
        int boards, DatagramOptions options, Impairments impairments, int seed = 1, int stages = 4, Func<FabricSize, FabricSize>? size = null)
    {
        Network = new VirtualNetwork(boards, seed, impairments);
        _fabric = new SteppedFabric(boards, stages, connect: given => Connect(Network, size?.Invoke(given) ?? given, options));
    }

    internal VirtualNetwork Network { get; }

    internal SteppedFabric Fabric => _fabric;

    internal IReadOnlyList<DatagramTransport> Ends => [.. _fabric.Ends.Cast<DatagramTransport>()];

    internal IReadOnlyList<LinkStatistics> Links => [.. Ends.SelectMany(end => end.Statistics())];

    /// <summary>Walks one step with all boards; every total, checksum and logit is compared with what it must be.</summary>
    internal void Walk(long step, Action<int, int, float[]>? check = null)
    {
        int boards = _fabric.Size.BoardCount;
        int rows = SteppedFabric.Rows(step);
        for (int board = 0; board < boards; board++)
        {
            Assert.Equal(step, _fabric.Begin(board, step));
        }

        float[][] residuals = [.. Enumerable.Range(0, boards).Select(_ => new float[rows * SteppedFabric.HiddenSize])];
        float[] expected = new float[rows * SteppedFabric.HiddenSize];
        for (int stage = 0; stage < _fabric.Size.StageCount; stage++)
        {
            StageKey key = new(1, step, stage);
            for (int board = 0; board < boards; board++)
            {
                _fabric.Contribute(board, key, rows);
            }

            _fabric.AddExpected(key, expected);
            for (int board = 0; board < boards; board++)
            {
                Assert.Equal(StageResult.Complete, _fabric.Ends[board].Complete(key, residuals[board]));
                if (check is null)
                {
                    Assert.True(SteppedWalk.Bits(expected).SequenceEqual(SteppedWalk.Bits(residuals[board])), $"Board {board}, step {step}, stage {stage}: the total differs.");
                }
            }
        }

        for (int board = 0; board < boards; board++)
        {
            check?.Invoke(board, (int)step, residuals[board]);
            _fabric.WriteLogits(board, step, rows);
            _fabric.Ends[board].EndStep(step, ResidualChecksum.Of(residuals[board]));
        }

        Assert.Equal(StageResult.Complete, _fabric.Ends[0].CompleteStep(step));
        SteppedWalk.AssertLogits(_fabric.Ends[0].GatheredLogits(rows), step, rows);
    }

    public void Dispose() => _fabric.Dispose();

    internal static DatagramKeys?[][] Keys(int boards, Topology topology, FrameCipherKind cipher)
    {
        DatagramKeys?[][] keys = [.. Enumerable.Range(0, boards).Select(_ => new DatagramKeys?[boards])];
        for (int a = 0; a < boards; a++)
        {
            for (int b = a + 1; b < boards && (topology != Topology.Star || a == 0); b++)
            {
                byte[] one = SHA256.HashData([(byte)a, (byte)b, 1]);
                byte[] other = SHA256.HashData([(byte)a, (byte)b, 2]);
                keys[a][b] = DatagramKeys.Of(new LinkKeys(cipher, one, other));
                keys[b][a] = DatagramKeys.Of(new LinkKeys(cipher, other, one));
            }
        }

        return keys;
    }

    private static List<ITransport> Connect(VirtualNetwork network, FabricSize size, DatagramOptions options)
    {
        string[] names = [.. Enumerable.Range(0, size.BoardCount).Select(board => $"b{board}")];
        DatagramKeys?[][] keys = Keys(size.BoardCount, options.Topology, FrameCipherKind.AesGcm);
        return [.. names.Select((_, board) => new DatagramTransport(
            board, 0, names, keys[board], size, options, spin: false, waitsForRoom: true, network.Driver(board), onLost: null))];
    }
}
