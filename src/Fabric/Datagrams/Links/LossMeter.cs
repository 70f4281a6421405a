using System.Numerics;

namespace Halo.Fabric.Datagrams.Links;

/// <summary>
/// The packet loss rate of one direction, from gaps in the packet numbers, in blocks of 64. A block is judged when it is 64 numbers old, so
/// datagrams that overtake each other by less are not taken for lost.
/// </summary>
internal struct LossMeter
{
    /// <summary>A mean length from which losses are taken for bursts; independent ones have 1.1 at a rate of 10 %.</summary>
    internal const double Bursty = 1.75;

    private const int BlockSize = 64;
    private const int WindowBlocks = 16;

    private Blocks _lost;
    private Blocks _runs;
    private int _blocks;
    private bool _endedLost; // the last number of the block before was lost: a run may go on

    /// <summary>Exponentially weighted mean of the blocks' rates, 0 to 1; a block counts for an eighth.</summary>
    internal double Mean { get; private set; }

    /// <summary>The rate over the last 1,024 numbers, or as many as there were.</summary>
    internal readonly double Window => _blocks == 0 ? 0 : Sum(_lost) / (double)(Math.Min(_blocks, WindowBlocks) * BlockSize);

    /// <summary>Mean number of datagrams lost in a row over the same window; 0 where none was.</summary>
    internal readonly double Burst => Sum(_runs) is > 0 and int runs ? Sum(_lost) / (double)runs : 0;

    /// <summary>Takes the next block.</summary>
    /// <param name="seen">Bit i: the i-th number came.</param>
    internal void Add(ulong seen)
    {
        ulong missing = ~seen;
        int lost = BitOperations.PopCount(missing);
        ulong begins = missing & ~(missing << 1);
        int runs = BitOperations.PopCount(begins) - (_endedLost && (missing & 1) != 0 ? 1 : 0);
        _endedLost = missing >> (BlockSize - 1) != 0;
        _lost[_blocks % WindowBlocks] = lost;
        _runs[_blocks % WindowBlocks] = runs;
        _blocks++;
        double share = lost / (double)BlockSize;
        Mean = _blocks == 1 ? share : Mean + (share - Mean) / 8;
    }

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
