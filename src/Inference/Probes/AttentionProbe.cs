using System.Numerics;
using System.Runtime.CompilerServices;
using Halo.Inference.Kernels;
using Halo.Inference.Model;
using Halo.Inference.Quantization;
using Halo.Inference.Threading;

namespace Halo.Inference.Probes;

/// <summary>The attention of one layer over random keys and values, to be timed beside a loop that only reads the same memory.</summary>
public sealed unsafe class AttentionProbe : IDisposable
{
    private readonly StageScratch _scratch;
    private readonly KvBlockPool _pool;
    private readonly KvCache _cache;
    private readonly ReadWork _read;

    /// <summary>Fills one sequence's keys and values and the last rows' queries with random numbers.</summary>
    /// <param name="headDim">Elements of a head.</param>
    /// <param name="heads">Query heads, a multiple of <paramref name="kvHeads"/>.</param>
    /// <param name="kvHeads">Key and value heads.</param>
    /// <param name="positions">Positions of the sequence.</param>
    /// <param name="rows">Rows of a step: the last positions; at most <paramref name="positions"/>.</param>
    /// <param name="type">How keys and values are kept.</param>
    /// <param name="team">The threads.</param>
    public AttentionProbe(int headDim, int heads, int kvHeads, int positions, int rows, KvType type, WorkerTeam team)
    {
        ArgumentNullException.ThrowIfNull(team);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(rows, positions);
        ModelConfig config = new()
        {
            Name = "attention",
            Architecture = "llama",
            HiddenSize = 1,
            IntermediateSize = 1,
            LayerCount = 1,
            HeadCount = heads,
            KvHeadCount = kvHeads,
            HeadDim = headDim,
            RotaryDim = headDim,
            VocabularySize = 1,
            ContextLength = positions,
            NormEpsilon = 1,
            RopeBase = 1,
        };
        int blocks = KvLayout.BlocksFor(positions);
        _scratch = new StageScratch(config, rows, team) { RowCount = rows };
        _scratch.Attended.SetShape(rows, heads * headDim);
        _pool = new KvBlockPool(headDim, (long)blocks * kvHeads, type);
        _cache = new KvCache(_pool, maxSequences: 1, kvHeads, positions);
        _cache.Reserve(0, positions);
        _read = new ReadWork(_cache, blocks);
        KvBytes = _pool.RentedBlocks * _pool.BlockBytes;
        Fill(config, positions, rows);
    }

    /// <summary>Bytes of the sequence's keys and values.</summary>
    public long KvBytes { get; }

    /// <summary>Computes the attention of all rows.</summary>
    public void Attend() => _scratch.Attention.Compute(_scratch, _cache, 0);

    /// <summary>Reads the same blocks with the same threads and does nothing else with them.</summary>
    /// <returns>A sum, so that the reading is not left out.</returns>
    public long Read()
    {
        _scratch.Team.Run(_read);
        return _read.Sum;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _cache.Dispose();
        _pool.Dispose();
        _scratch.Dispose();
    }

    private void Fill(ModelConfig config, int positions, int rows)
    {
        Random random = new(1);
        float[] key = new float[config.HeadDim];
        float[] value = new float[config.HeadDim];
        for (int i = 0; i < positions * config.KvHeadCount; i++)
        {
            FillRow(key, random);
            FillRow(value, random);
            _cache.Write(0, i % config.KvHeadCount, i / config.KvHeadCount, key, value);
        }

        for (int row = 0; row < rows; row++)
        {
            _scratch.Positions[row] = positions - rows + row;
        }

        FillRow(_scratch.Query.Span, random);
    }

    private static void FillRow(Span<float> row, Random random)
    {
        foreach (ref float x in row)
        {
            x = random.NextSingle() - 0.5f;
        }
    }

    // The widest loads that Vector has, in four chains, over the blocks of a KV head one after the other.
    private sealed class ReadWork(KvCache cache, int blocks) : IParallelWork
    {
        private long _sum;

        internal long Sum => Volatile.Read(ref _sum);

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Run(int worker, int workerCount)
        {
            (int first, int end) = WorkerTeam.Split(blocks * cache.KvHeads, worker, workerCount);
            int step = Vector<long>.Count;
            Vector<long> a = default, b = default, c = default, d = default;
            for (int i = first; i < end; i++)
            {
                long* block = (long*)cache.Block(0, i / blocks, i % blocks);
                long count = cache.Layout.BlockBytes / sizeof(long);
                for (long at = 0; at + (4 * step) <= count; at += 4 * step)
                {
                    a += Vector.Load(block + at);
                    b += Vector.Load(block + at + step);
                    c += Vector.Load(block + at + (2 * step));
                    d += Vector.Load(block + at + (3 * step));
                }
            }

            Interlocked.Add(ref _sum, Vector.Sum((a + b) + (c + d)));
        }
    }
}
