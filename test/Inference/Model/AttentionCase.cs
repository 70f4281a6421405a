using Halo.Inference.Kernels;
using Halo.Inference.Model;
using Halo.Inference.Quantization;
using Halo.Inference.Tests.Kernels;
using Halo.Inference.Threading;

namespace Halo.Inference.Tests.Model;

/// <summary>The attention of one layer over random keys and values of one or more sequences, and what it should give.</summary>
internal sealed unsafe class AttentionCase : IDisposable
{
    private readonly ModelConfig _config;
    private readonly WorkerTeam _team;
    private readonly StageScratch _scratch;
    private readonly AttentionWork _work;
    private readonly KvBlockPool _pool;
    private readonly KvCache _cache;
    private readonly int _seed;

    internal AttentionCase(
        KernelTier tier, KvType type, int headDim, int headsPerGroup, int kvHeads, int[] lengths, int seed = 1, int workers = 1, int contextLength = 512)
    {
        _seed = seed;
        _config = new ModelConfig
        {
            Name = "attention",
            Architecture = "llama",
            HiddenSize = 32,
            IntermediateSize = 32,
            LayerCount = 1,
            HeadCount = kvHeads * headsPerGroup,
            KvHeadCount = kvHeads,
            HeadDim = headDim,
            RotaryDim = headDim,
            VocabularySize = 32,
            ContextLength = contextLength,
            NormEpsilon = 1e-5f,
            RopeBase = 10_000,
        };
        _team = new WorkerTeam(workers, "attention", spin: false);
        _scratch = new StageScratch(_config, maxRows: 64, _team);
        _work = new AttentionWork(_config, maxRows: 64, workers, tier);
        _pool = new KvBlockPool(headDim, maxBlocks: 10_000, type);
        _cache = new KvCache(_pool, lengths.Length, kvHeads, contextLength);
        Random random = new(seed);
        float[] key = new float[headDim];
        float[] value = new float[headDim];
        for (int slot = 0; slot < lengths.Length; slot++)
        {
            _cache.Reserve(slot, lengths[slot]);
            for (int i = 0; i < lengths[slot] * kvHeads; i++)
            {
                ProductCase.Fill(key, random);
                ProductCase.Fill(value, random);
                _cache.Write(slot, i % kvHeads, i / kvHeads, key, value);
            }
        }
    }

    internal bool SharedRanges => _work.SharedRanges;

    /// <summary>The rows' outputs, all of them in one step.</summary>
    internal float[][] Attend(params (int Slot, int Position)[] rows)
    {
        int width = _config.HeadCount * _config.HeadDim;
        _scratch.RowCount = rows.Length;
        _scratch.Attended.SetShape(rows.Length, width);
        for (int row = 0; row < rows.Length; row++)
        {
            (_scratch.Slots[row], _scratch.Positions[row]) = rows[row];
            Query(rows[row].Slot, rows[row].Position).CopyTo(new Span<float>(_scratch.Query.Pointer + (row * width), width));
        }

        Again();
        return [.. Enumerable.Range(0, rows.Length).Select(row => _scratch.Attended.Row(row).ToArray())];
    }

    /// <summary>The latest step once more.</summary>
    internal void Again() => _work.Compute(_scratch, _cache, 0);

    /// <summary>The output of a row in double, from the keys and values as they are kept, and the sums of absolute products.</summary>
    internal (double[] Output, double[] Magnitude) Expected(int slot, int position)
    {
        int headDim = _config.HeadDim;
        float[] query = Query(slot, position);
        float[] stored = Stored(slot, position + 1);
        double[] output = new double[query.Length];
        double[] magnitude = new double[query.Length];
        for (int head = 0; head < _config.HeadCount; head++)
        {
            int At(int j) => (j * _config.KvHeadCount + head / _config.HeadsPerGroup) * 2 * headDim;
            double[] scores = [.. Enumerable.Range(0, position + 1).Select(j =>
                Enumerable.Range(0, headDim).Sum(d => (double)query[head * headDim + d] * stored[At(j) + d]) / Math.Sqrt(headDim))];
            double largest = scores.Max();
            double sum = scores.Sum(score => Math.Exp(score - largest));
            for (int i = 0; i < (position + 1) * headDim; i++)
            {
                (int j, int d) = Math.DivRem(i, headDim);
                double product = Math.Exp(scores[j] - largest) / sum * stored[At(j) + headDim + d];
                output[head * headDim + d] += product;
                magnitude[head * headDim + d] += Math.Abs(product);
            }
        }

        return (output, magnitude);
    }

    public void Dispose()
    {
        _cache.Dispose();
        _pool.Dispose();
        _work.Dispose();
        _scratch.Dispose();
        _team.Dispose();
    }

    // A row's query depends on its place alone, so that it is the same in whatever step it stands. Sharp enough that some positions count much more.
    private float[] Query(int slot, int position)
    {
        float[] query = new float[_config.HeadCount * _config.HeadDim];
        ProductCase.Fill(query, new Random(_seed + 1000 * slot + position));
        return [.. query.Select(x => 8 * x)];
    }

    private float[] Stored(int slot, int length)
    {
        byte[] rows = new byte[length * _cache.BytesPerRow];
        _cache.Export(slot, 0, length, rows);
        int bytes = _cache.Layout.RowBytes;
        float[] values = new float[rows.Length / bytes * _config.HeadDim];
        for (int i = 0; i < rows.Length / bytes; i++)
        {
            KvRow.Decode(_cache.Layout, rows.AsSpan(i * bytes, bytes), values.AsSpan(i * _config.HeadDim, _config.HeadDim));
        }

        return values;
    }
}
