using Halo.Inference.Kernels;

namespace Halo.Inference.Model;

/// <summary>
/// The keys and values of one attention shard: for every sequence slot and each of the shard's KV heads a list of blocks from the pool.
/// </summary>
public sealed unsafe class KvCache : IDisposable
{
    private const int MostStackBytes = 2048; // a key and a value of 256 elements in f32

    private readonly KvBlockPool _pool;
    private readonly nint[][] _blocks;  // per slot: (block, kvHead), grown by blocks
    private readonly int[] _blockCount; // per slot
    private readonly int[] _lengths;    // per slot: positions that were made room for since the last cut, in a row from 0
    private readonly int _kvHeads;
    private readonly int _maxBlocks;

    /// <param name="pool">Where blocks come from; its layout is the cache's.</param>
    /// <param name="maxSequences">Slots.</param>
    /// <param name="kvHeads">KV heads of the shard.</param>
    /// <param name="contextLength">Longest sequence.</param>
    internal KvCache(KvBlockPool pool, int maxSequences, int kvHeads, int contextLength)
    {
        _pool = pool;
        _kvHeads = kvHeads;
        Layout = pool.Layout;
        _maxBlocks = KvBlockPool.BlocksFor(contextLength);
        _blocks = new nint[maxSequences][];
        _blockCount = new int[maxSequences];
        _lengths = new int[maxSequences];
    }

    /// <summary>KV heads of the shard.</summary>
    public int KvHeads => _kvHeads;

    /// <summary>How keys and values lie in a block, and their type.</summary>
    public KvLayout Layout { get; }

    /// <summary>Bytes that one position of the shard takes outside of blocks: key and value of each KV head.</summary>
    public int BytesPerRow => 2 * _kvHeads * Layout.RowBytes;

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
                _pool.Return((byte*)_blocks[slot][_blockCount[slot] * _kvHeads + head]);
            }
        }
    }

    /// <summary>The block of one KV head that begins with position 32 * <paramref name="index"/>.</summary>
    internal byte* Block(int slot, int kvHead, int index) => (byte*)_blocks[slot][index * _kvHeads + kvHead];

    /// <summary>Keeps the key and the value of one position, headDim elements each.</summary>
    internal void Write(int slot, int kvHead, int position, ReadOnlySpan<float> key, ReadOnlySpan<float> value)
    {
        int bytes = Layout.RowBytes;
        Span<byte> rows = bytes <= MostStackBytes / 2 ? stackalloc byte[MostStackBytes] : new byte[2 * bytes];
        KvRow.Encode(Layout, key, rows[..bytes]);
        KvRow.Encode(Layout, value, rows.Slice(bytes, bytes));
        Put(slot, kvHead, position, rows[..bytes], rows.Slice(bytes, bytes));
    }

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

    /// <summary>Writes positions [first, first + count) of a slot as rows (position; KV head; key, then value), each as <see cref="KvRow"/> says.</summary>
    public void Export(int slot, int first, int count, Span<byte> rows)
    {
        CheckRoom(count, rows.Length);
        int bytes = Layout.RowBytes;
        for (int i = 0; i < count * _kvHeads; i++)
        {
            (int position, int head) = Math.DivRem(i, _kvHeads);
            (int block, int index) = Math.DivRem(first + position, KvLayout.BlockPositions);
            KvRow.Get(Layout, Block(slot, head, block), index, rows.Slice(2 * i * bytes, bytes), rows.Slice((2 * i + 1) * bytes, bytes));
        }
    }

    /// <summary>Reads what <see cref="Export"/> wrote into a slot of this cache, making room for it.</summary>
    /// <exception cref="StepException">The positions before <paramref name="first"/> are not here.</exception>
    public void Import(int slot, int first, int count, ReadOnlySpan<byte> rows)
    {
        if (first > _lengths[slot])
        {
            throw new StepException($"KV from position {first} on does not follow on the {_lengths[slot]} positions that are here.");
        }

        CheckRoom(count, rows.Length);
        Reserve(slot, first + count);
        int bytes = Layout.RowBytes;
        for (int i = 0; i < count * _kvHeads; i++)
        {
            (int position, int head) = Math.DivRem(i, _kvHeads);
            Put(slot, head, first + position, rows.Slice(2 * i * bytes, bytes), rows.Slice((2 * i + 1) * bytes, bytes));
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

    private void Put(int slot, int kvHead, int position, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        (int block, int index) = Math.DivRem(position, KvLayout.BlockPositions);
        KvRow.Put(Layout, Block(slot, kvHead, block), index, key, value);
    }

    private void CheckRoom(int count, int bytes) => ArgumentOutOfRangeException.ThrowIfLessThan(bytes, count * BytesPerRow, nameof(bytes));
}
