using System.Numerics;

namespace Halo.Fabric.Datagrams.Links;

/// <summary>
/// The packet loss rate of one direction, from gaps in the packet numbers, in blocks of 64. A block is judged when it is 64 numbers old, so
/// datagrams that overtake each other by less are not taken for lost. What full queues lose is measured apart: it says nothing of the link.
/// </summary>
internal struct LossMeter
{
    /// <summary>A mean length from which losses are taken for bursts; independent ones have 1.1 at a rate of 10 %.</summary>
    internal const double Bursty = 1.75;

    private const int BlockSize = 64;
    private const int WindowBlocks = 16;

    private Blocks _lost;
    private Blocks _linkLost;
    private Blocks _runs;
    private int _blocks;
    private bool _endedLost; // the last number of the block before was lost: a run may go on

    /// <summary>Exponentially weighted mean of the blocks' rates, 0 to 1; a block counts for an eighth.</summary>
    internal double Mean { get; private set; }

    /// <summary>The part of <see cref="Mean"/> that full queues lost.</summary>
    internal double Incast { get; private set; }

    /// <summary>
    /// What the sender is told of the link, 0 to 1: the mean or the window without what full queues lost, whichever is more. A few blocks without loss say
    /// little, and too few copies cost more than too many.
    /// </summary>
    internal readonly double LinkReport => Math.Max(Mean - Incast, InWindow(Sum(_linkLost)));

    /// <summary>The same of full queues.</summary>
    internal readonly double IncastReport => Math.Max(Incast, InWindow(Sum(_lost) - Sum(_linkLost)));

    /// <summary>The rate over the last 1,024 numbers, or as many as there were.</summary>
    internal readonly double Window => InWindow(Sum(_lost));

    /// <summary>Mean number of datagrams that the link lost in a row over the same window; 0 where none was.</summary>
    internal readonly double Burst => Sum(_runs) is > 0 and int runs ? Sum(_linkLost) / (double)runs : 0;

    /// <summary>Takes the next block.</summary>
    /// <param name="seen">Bit i: the i-th number came.</param>
    /// <param name="congested">Bit i: if the i-th number did not come, a full queue lost it.</param>
    internal void Add(ulong seen, ulong congested = 0)
    {
        ulong missing = ~seen;
        ulong byLink = missing & ~congested;
        int lost = BitOperations.PopCount(missing);
        int linkLost = BitOperations.PopCount(byLink);
        ulong begins = byLink & ~(byLink << 1);
        int runs = BitOperations.PopCount(begins) - (_endedLost && (byLink & 1) != 0 ? 1 : 0);
        _endedLost = byLink >> (BlockSize - 1) != 0;
        _lost[_blocks % WindowBlocks] = lost;
        _linkLost[_blocks % WindowBlocks] = linkLost;
        _runs[_blocks % WindowBlocks] = runs;
        _blocks++;
        double share = lost / (double)BlockSize;
        double incast = (lost - linkLost) / (double)BlockSize;
        Mean = _blocks == 1 ? share : Mean + (share - Mean) / 8;
        Incast = _blocks == 1 ? incast : Incast + (incast - Incast) / 8;
    }

    private readonly double InWindow(int lost) => _blocks == 0 ? 0 : lost / (double)(Math.Min(_blocks, WindowBlocks) * BlockSize);

    private static int Sum(in Blocks blocks)
    {
        int sum = 0;
        foreach (int value in blocks)
        {
            sum += value;
        }

        return sum;
    }

    [System.Runtime.CompilerServices.InlineArray(WindowBlocks)]
    private struct Blocks
    {
        private int _first;
    }
}
