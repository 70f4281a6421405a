using System.Numerics.Tensors;
using Halo.Inference.Kernels;
using Halo.Inference.Memory;
using Halo.Inference.Threading;

namespace Halo.Inference.Model;

/// <summary>
/// Softmax attention of the rows of a step over the positions up to each row's own:
/// <c>out[h] = sum over j of softmax_j(q[h] . k[j] / sqrt(headDim)) * v[j]</c>. A unit of work is one KV head and some rows that follow each other
/// in one sequence: they walk its blocks together, with all query heads of the KV head.
/// </summary>
/// <remarks>
/// Positions are taken in ranges whose length only the model decides; what the ranges found is merged in their order. A row's arithmetic is
/// therefore the same in whatever step it stands, and where there are fewer units than workers the ranges can be shared out.
/// </remarks>
internal sealed unsafe class AttentionWork : IParallelWork, IDisposable
{
    private const int MostRanges = 32;         // the room for what ranges found does not grow with the context
    private const int LeastRangePositions = 512;
    private const int QueriesPerUnit = 32;     // their state fits the innermost cache beside a block

    private readonly KernelTier _tier;
    private readonly int _headsPerGroup;
    private readonly int _rangePositions;
    private readonly int _rangeCount;          // of the longest sequence
    private readonly int _rowsPerUnit;
    private readonly int _workers;
    private readonly int[] _firstRows;         // per run of rows: where it begins; one more for the end
    private readonly int _paddedDim;
    private readonly int _stateFloats;         // of one query
    private readonly AlignedBuffer<float> _queries; // (worker, queries of a unit, paddedDim)
    private readonly AlignedBuffer<float> _states;  // (worker, whole and range, state of the queries of a unit)
    private readonly AlignedBuffer<float> _room;    // (worker, kernel's room)
    private readonly AlignedBuffer<float> _found;   // (unit, range, state of the query heads of one row)
    private StageScratch? _scratch;
    private KvCache? _kv;
    private int _outputOffset;
    private int _runs;
    private bool _shared; // ranges are units of their own

    /// <param name="config">The model's shape.</param>
    /// <param name="maxRows">Most rows of a step.</param>
    /// <param name="workers">Workers of the team.</param>
    /// <param name="tier">Instructions to use; null for those of this process.</param>
    internal AttentionWork(ModelConfig config, int maxRows, int workers, KernelTier? tier = null)
    {
        _tier = tier ?? KernelSelector.Tier;
        KvLayout any = new(default, config.HeadDim); // the state is f32 whatever the type
        _headsPerGroup = config.HeadsPerGroup;
        _rowsPerUnit = Math.Max(1, QueriesPerUnit / _headsPerGroup);
        _rangePositions = Math.Max(LeastRangePositions, RoundUp(config.ContextLength, MostRanges * KvLayout.BlockPositions) / MostRanges);
        _rangeCount = (config.ContextLength + _rangePositions - 1) / _rangePositions;
        _workers = workers;
        _firstRows = new int[maxRows + 1];
        _paddedDim = any.PaddedDim;
        _stateFloats = AttentionState.FloatsPerQuery(any);
        long queries = _rowsPerUnit * _headsPerGroup;
        _queries = new AlignedBuffer<float>(workers * queries * _paddedDim);
        _states = new AlignedBuffer<float>(2 * workers * queries * _stateFloats);
        _room = new AlignedBuffer<float>((long)workers * AttentionKernel.RoomFloats);
        _found = new AlignedBuffer<float>(_rangeCount > 1 ? 2L * workers * _rangeCount * _headsPerGroup * _stateFloats : 0);
    }

    /// <summary>Whether the latest step was shared out by ranges of positions.</summary>
    internal bool SharedRanges => _shared;

    /// <summary>Computes <see cref="StageScratch.Attended"/> of all rows from <see cref="StageScratch.Query"/> and the cache.</summary>
    /// <param name="scratch">The step's rows.</param>
    /// <param name="kv">The shard's cache, with the rows' own positions in it.</param>
    /// <param name="outputOffset">Where the shard's columns begin among those of its output projection.</param>
    internal void Compute(StageScratch scratch, KvCache kv, int outputOffset)
    {
        _scratch = scratch;
        _kv = kv;
        _outputOffset = outputOffset;
        int longest = FindRuns(scratch);
        int units = _runs * kv.KvHeads;

        // Shared out only where that evens the load, and rows are one by one.
        _shared = _workers > 1 && longest > _rangePositions && _runs == scratch.RowCount && units < 2 * _workers && units % _workers != 0;
        scratch.Team.Run(this);
        if (_shared)
        {
            for (int unit = 0; unit < units; unit++)
            {
                MergeRanges(unit);
            }
        }
    }

    public void Run(int worker, int workerCount)
    {
        // Units cost unequal time: neighbours are rows of one sequence, each run longer than the one before. Dealt out in turn they even out.
        int units = _runs * _kv!.KvHeads * (_shared ? _rangeCount : 1);
        for (int unit = worker; unit < units; unit += workerCount)
        {
            if (_shared)
            {
                AttendRange(unit, worker);
            }
            else
            {
                Attend(unit, worker);
            }
        }
    }

    public void Dispose()
    {
        _queries.Dispose();
        _states.Dispose();
        _room.Dispose();
        _found.Dispose();
    }

    // Rows that stand in a row in the step and in their sequence walk together; returns the longest length of any.
    private int FindRuns(StageScratch scratch)
    {
        int longest = 0;
        _runs = 0;
        for (int row = 0; row < scratch.RowCount; row++)
        {
            bool follows = row > 0 && scratch.Slots[row] == scratch.Slots[row - 1] && scratch.Positions[row] == scratch.Positions[row - 1] + 1
                && row - _firstRows[_runs - 1] < _rowsPerUnit;
            if (!follows)
            {
                _firstRows[_runs++] = row;
            }

            longest = Math.Max(longest, scratch.Positions[row] + 1);
        }

        _firstRows[_runs] = scratch.RowCount;
        return longest;
    }

    private void Attend(int unit, int worker)
    {
        Unit rows = At(unit);
        KvLayout layout = _kv!.Layout;
        int queries = rows.Count * _headsPerGroup;
        AttentionState whole = State(worker, 0, queries);
        AttentionState range = State(worker, 1, queries);
        LoadQueries(rows, whole.Queries);
        int longest = Length(rows.First + rows.Count - 1);
        for (int first = 0; first < longest; first += _rangePositions)
        {
            AttentionState state = first == 0 ? whole : range;
            state.Clear(queries);
            Walk(rows, state, first, Math.Min(first + _rangePositions, longest), worker);
            for (int query = 0; first > 0 && query < queries; query++)
            {
                if (Length(rows.First + query / _headsPerGroup) > first)
                {
                    AttentionKernel.Merge(layout, whole.From(query), range.From(query));
                }
            }
        }

        Write(rows, whole);
    }

    private void AttendRange(int unit, int worker)
    {
        Unit row = At(unit / _rangeCount);
        int first = unit % _rangeCount * _rangePositions;
        int length = Length(row.First);
        if (first < length)
        {
            AttentionState state = Found(unit, worker);
            LoadQueries(row, state.Queries);
            state.Clear(_headsPerGroup);
            Walk(row, state, first, Math.Min(first + _rangePositions, length), worker);
        }
    }

    private void MergeRanges(int unit)
    {
        Unit row = At(unit);
        AttentionState whole = Found(unit * _rangeCount, 0);
        for (int range = 1; range * _rangePositions < Length(row.First); range++)
        {
            AttentionState found = Found(unit * _rangeCount + range, 0);
            for (int query = 0; query < _headsPerGroup; query++)
            {
                AttentionKernel.Merge(_kv!.Layout, whole.From(query), found.From(query));
            }
        }

        Write(row, whole);
    }

    // Positions [first, end), block by block; in a block rows that see the same positions are taken together.
    private void Walk(Unit rows, AttentionState state, int first, int end, int worker)
    {
        KvCache kv = _kv!;
        int slot = _scratch!.Slots[rows.First];
        float* room = _room.Pointer + (long)worker * AttentionKernel.RoomFloats;
        for (int position = first; position < end; position += KvLayout.BlockPositions)
        {
            byte* block = kv.Block(slot, rows.KvHead, position / KvLayout.BlockPositions);
            int following = position + KvLayout.BlockPositions;
            byte* after = following < end ? kv.Block(slot, rows.KvHead, following / KvLayout.BlockPositions) : block;
            for (int row = 0; row < rows.Count;)
            {
                int count = Seen(rows.First + row, position);
                int next = row + 1;
                while (next < rows.Count && Seen(rows.First + next, position) == count)
                {
                    next++;
                }

                if (count > 0)
                {
                    AttentionKernel.Fold(_tier, kv.Layout, block, after, count, state.From(row * _headsPerGroup), (next - row) * _headsPerGroup, room);
                }

                row = next;
            }
        }
    }

    private int Seen(int row, int position) => Math.Clamp(Length(row) - position, 0, KvLayout.BlockPositions);

    private int Length(int row) => _scratch!.Positions[row] + 1;

    private void LoadQueries(Unit rows, float* queries)
    {
        int headDim = _kv!.Layout.HeadDim;
        int width = _kv.KvHeads * _headsPerGroup * headDim;
        float scale = AttentionKernel.QueryScale(_kv.Layout);
        for (int query = 0; query < rows.Count * _headsPerGroup; query++)
        {
            (int row, int head) = Math.DivRem(query, _headsPerGroup);
            float* stored = _scratch!.Query.Pointer + (long)(rows.First + row) * width + (rows.KvHead * _headsPerGroup + head) * headDim;
            TensorPrimitives.Multiply(new ReadOnlySpan<float>(stored, headDim), scale, new Span<float>(queries + (long)query * _paddedDim, headDim));
        }
    }

    private void Write(Unit rows, AttentionState state)
    {
        int headDim = _kv!.Layout.HeadDim;
        float scale = AttentionKernel.OutputScale(_kv.Layout);
        for (int query = 0; query < rows.Count * _headsPerGroup; query++)
        {
            (int row, int head) = Math.DivRem(query, _headsPerGroup);
            Span<float> output = _scratch!.Attended.Row(rows.First + row).Slice(_outputOffset + (rows.KvHead * _headsPerGroup + head) * headDim, headDim);
            ReadOnlySpan<float> totals = new(state.Totals + (long)query * _paddedDim, headDim);
            TensorPrimitives.Multiply(totals, scale / state.Sums[query], output); // the sum is at least 1: the largest score's own share
        }
    }

    private Unit At(int unit)
    {
        (int kvHead, int run) = Math.DivRem(unit, _runs);
        return new Unit(_firstRows[run], _firstRows[run + 1] - _firstRows[run], kvHead);
    }

    private AttentionState State(int worker, int which, int queries)
    {
        long most = _rowsPerUnit * _headsPerGroup;
        float* memory = _states.Pointer + (2 * worker + which) * most * _stateFloats;
        return AttentionState.In(_kv!.Layout, _queries.Pointer + worker * most * _paddedDim, memory, queries);
    }

    private AttentionState Found(int unit, int worker)
    {
        float* memory = _found.Pointer + (long)unit * _headsPerGroup * _stateFloats;
        float* queries = _queries.Pointer + (long)worker * _rowsPerUnit * _headsPerGroup * _paddedDim;
        return AttentionState.In(_kv!.Layout, queries, memory, _headsPerGroup);
    }

    private static int RoundUp(int value, int step) => (int)(((long)value + step - 1) / step * step);

    private readonly record struct Unit(int First, int Count, int KvHead);
}
