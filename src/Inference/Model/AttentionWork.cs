using Halo.Inference.Kernels;
using Halo.Inference.Threading;

namespace Halo.Inference.Model;

/// <summary>
/// Softmax attention of every (row, KV head) pair of a shard over the positions up to the row's own; pairs are shared out over a team.
/// <c>out[h] = sum over j of softmax_j(q[h] . k[j] / sqrt(headDim)) * v[j]</c>.
/// </summary>
internal sealed unsafe class AttentionWork : IParallelWork
{
    private StageScratch? _scratch;
    private KvCache? _kv;
    private int _headDim;
    private int _headsPerGroup;
    private int _outputOffset;

    internal AttentionWork Set(StageScratch scratch, KvCache kv, int headDim, int headsPerGroup, int outputOffset)
    {
        _scratch = scratch;
        _kv = kv;
        _headDim = headDim;
        _headsPerGroup = headsPerGroup;
        _outputOffset = outputOffset;
        return this;
    }

    public void Run(int worker, int workerCount)
    {
        StageScratch scratch = _scratch!;
        KvCache kv = _kv!;
        Span<float> scores = scratch.Scores.Slice((long)worker * scratch.ScoreStride, scratch.ScoreStride);
        (int first, int end) = WorkerTeam.Split(scratch.RowCount * kv.KvHeads, worker, workerCount);
        for (int pair = first; pair < end; pair++)
        {
            (int row, int kvHead) = Math.DivRem(pair, kv.KvHeads);
            for (int head = kvHead * _headsPerGroup; head < (kvHead + 1) * _headsPerGroup; head++)
            {
                Attend(row, kvHead, head, scores[..(scratch.Positions[row] + 1)]);
            }
        }
    }

    private void Attend(int row, int kvHead, int head, Span<float> scores)
    {
        StageScratch scratch = _scratch!;
        KvCache kv = _kv!;
        int slot = scratch.Slots[row];
        int queryWidth = kv.KvHeads * _headsPerGroup * _headDim;
        ReadOnlySpan<float> query = new(scratch.Query.Pointer + (long)row * queryWidth + head * _headDim, _headDim);
        float scale = 1f / MathF.Sqrt(_headDim);

        for (int position = 0; position < scores.Length; position += KvBlockPool.BlockPositions)
        {
            int count = Math.Min(KvBlockPool.BlockPositions, scores.Length - position);
            AttentionKernel.Scores(query, kv.Key(slot, kvHead, position), _headDim, count, scale, scores.Slice(position, count));
        }

        Softmax.InPlace(scores);

        Span<float> output = scratch.Attended.Row(row).Slice(_outputOffset + head * _headDim, _headDim);
        output.Clear();
        for (int position = 0; position < scores.Length; position += KvBlockPool.BlockPositions)
        {
            int count = Math.Min(KvBlockPool.BlockPositions, scores.Length - position);
            AttentionKernel.Accumulate(scores.Slice(position, count), kv.Value(slot, kvHead, position), _headDim, _headDim, output);
        }
    }
}
