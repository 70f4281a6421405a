namespace Halo.Inference.Model;

/// <summary>
/// The keys and values of one attention shard: for every sequence slot and each of the shard's KV heads a list of blocks from the pool.
/// </summary>
public sealed unsafe class KvCache : IDisposable
{
    private readonly KvBlockPool _pool;
    private readonly nint[][] _blocks;  // per slot: (block, kvHead), grown by blocks
    private readonly int[] _blockCount; // per slot
    private readonly int[] _lengths;    // per slot: positions that were made room for since the last cut, in a row from 0
    private readonly int _kvHeads;
    private readonly int _headDim;
    private readonly int _maxBlocks;

    /// <param name="pool">Where blocks come from.</param>
    /// <param name="maxSequences">Slots.</param>
    /// <param name="kvHeads">KV heads of the shard.</param>
    /// <param name="headDim">Elements of a head.</param>
    /// <param name="contextLength">Longest sequence.</param>
    internal KvCache(KvBlockPool pool, int maxSequences, int kvHeads, int headDim, int contextLength)
    {
        _pool = pool;
        _kvHeads = kvHeads;
        _headDim = headDim;
        _maxBlocks = KvBlockPool.BlocksFor(contextLength);
        _blocks = new nint[maxSequences][];
        _blockCount = new int[maxSequences];
        _lengths = new int[maxSequences];
    }

    /// <summary>KV heads of the shard.</summary>
    public int KvHeads => _kvHeads;

    /// <summary>Floats that one position of the shard takes: key and value of each KV head.</summary>
    public int FloatsPerPosition => 2 * _kvHeads * _headDim;

    /// <summary>Positions of a slot that this cache holds.</summary>
    internal int Length(int slot) => _lengths[slot];

    /// <summary>Makes room for positions [0, length) of a slot.</summary>
    internal void Reserve(int slot, int length)
    {
        // A slot's table is made once, for the whole context, and kept: no step allocates it again.
        nint[] table = _blocks[slot] ??= new nint[_maxBlocks * _kvHeads];
        for (int needed = KvBlockPool.BlocksFor(length); _blockCount[slot] < needed; _blockCount[slot]++)
        {
            _pool.Rent(table.AsSpan(_blockCount[slot] * _kvHeads, _kvHeads));
        }

        _lengths[slot] = Math.Max(_lengths[slot], length);
    }

    /// <summary>Gives back what lies wholly beyond <paramref name="length"/>.</summary>
    public void Truncate(int slot, int length)
    {
        _lengths[slot] = Math.Min(_lengths[slot], length);
        int keep = KvBlockPool.BlocksFor(length);
        while (_blockCount[slot] > keep)
        {
            _blockCount[slot]--;
            for (int head = 0; head < _kvHeads; head++)
            {
                _pool.Return((float*)_blocks[slot][_blockCount[slot] * _kvHeads + head]);
            }
        }
    }

    /// <summary>The key of one position: headDim floats; the keys of a block's later positions follow.</summary>
    internal float* Key(int slot, int kvHead, int position) =>
        (float*)_blocks[slot][position / KvBlockPool.BlockPositions * _kvHeads + kvHead] + (long)(position % KvBlockPool.BlockPositions) * _headDim;

    /// <summary>The value of one position: headDim floats; the values of a block's later positions follow.</summary>
    internal float* Value(int slot, int kvHead, int position) =>
        Key(slot, kvHead, position) + (long)KvBlockPool.BlockPositions * _headDim;

    /// <summary>Copies positions [0, length) of one slot to another; what the other held is replaced.</summary>
    internal void Copy(int from, int to, int length)
    {
        Truncate(to, 0);
        Reserve(to, length);
        for (int block = 0; block < KvBlockPool.BlocksFor(length); block++)
        {
            for (int head = 0; head < _kvHeads; head++)
            {
                int index = block * _kvHeads + head;
                Buffer.MemoryCopy((void*)_blocks[from][index], (void*)_blocks[to][index], _pool.BlockBytes, _pool.BlockBytes);
            }
        }
    }

    /// <summary>Writes positions [first, first + count) of a slot as rows (position; KV head; key then value; headDim).</summary>
    public void Export(int slot, int first, int count, Span<float> rows) => Transfer(slot, first, count, rows, export: true);

    /// <summary>Reads what <see cref="Export"/> wrote into a slot of this cache, making room for it.</summary>
    /// <exception cref="StepException">The positions before <paramref name="first"/> are not here.</exception>
    public void Import(int slot, int first, int count, ReadOnlySpan<float> rows)
    {
        if (first > _lengths[slot])
        {
            throw new StepException($"KV from position {first} on does not follow on the {_lengths[slot]} positions that are here.");
        }

        Reserve(slot, first + count);
        fixed (float* pointer = rows)
        {
            Transfer(slot, first, count, new Span<float>(pointer, rows.Length), export: false);
        }
    }

    /// <summary>Gives back all of it.</summary>
    public void Clear()
    {
        for (int slot = 0; slot < _blocks.Length; slot++)
        {
            Truncate(slot, 0);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Clear();

    private void Transfer(int slot, int first, int count, Span<float> rows, bool export)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rows.Length, count * FloatsPerPosition, nameof(rows));
        for (int i = 0; i < count; i++)
        {
            for (int head = 0; head < _kvHeads; head++)
            {
                int at = i * FloatsPerPosition + head * 2 * _headDim;
                Move(Key(slot, head, first + i), rows.Slice(at, _headDim), export);
                Move(Value(slot, head, first + i), rows.Slice(at + _headDim, _headDim), export);
            }
        }
    }

    private static void Move(float* stored, Span<float> outside, bool export)
    {
        Span<float> inside = new(stored, outside.Length);
        if (export)
        {
            inside.CopyTo(outside);
        }
        else
        {
            outside.CopyTo(inside);
        }
    }
}
