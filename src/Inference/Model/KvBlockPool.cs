using Halo.Inference.Kernels;
using Halo.Inference.Memory;
using Halo.Inference.Quantization;

namespace Halo.Inference.Model;

/// <summary>
/// Native memory for KV in equal blocks, each for <see cref="BlockPositions"/> positions of one KV head, laid out as <see cref="Layout"/> says.
/// Grows slab by slab up to a limit and keeps what is returned.
/// </summary>
public sealed unsafe class KvBlockPool : IDisposable
{
    /// <summary>Positions in one block.</summary>
    public const int BlockPositions = KvLayout.BlockPositions;

    private const int BlocksPerSlab = 64;

    // Taken once in BlockPositions positions by a step thread, and by KV import beside it: a lock there costs nothing that can be seen.
    private readonly Lock _gate = new();
    private readonly List<AlignedBuffer<byte>> _slabs = [];
    private readonly Stack<nint> _free = new();
    private long _limit;
    private long _rented;

    /// <param name="headDim">Elements of a head.</param>
    /// <param name="maxBlocks">Blocks that may be out at once.</param>
    /// <param name="type">Type of what is kept.</param>
    public KvBlockPool(int headDim, long maxBlocks, KvType type = KvType.F16)
    {
        Layout = new KvLayout(type, headDim);
        _limit = maxBlocks;
    }

    /// <summary>How a block lies.</summary>
    public KvLayout Layout { get; }

    /// <summary>Bytes of one block.</summary>
    public long BlockBytes => Layout.BlockBytes;

    /// <summary>Blocks that may be out at once. Lowering it takes nothing back.</summary>
    public long Limit
    {
        get
        {
            lock (_gate)
            {
                return _limit;
            }
        }

        set
        {
            lock (_gate)
            {
                _limit = value;
            }
        }
    }

    /// <summary>Blocks that are out.</summary>
    public long RentedBlocks
    {
        get
        {
            lock (_gate)
            {
                return _rented;
            }
        }
    }

    /// <summary>Blocks that so many positions of one KV head take: the last one may be used in part.</summary>
    public static int BlocksFor(int positions) => KvLayout.BlocksFor(positions);

    /// <summary>Takes one block for each entry, or none at all.</summary>
    internal void Rent(Span<nint> blocks)
    {
        lock (_gate)
        {
            if (_rented + blocks.Length > _limit)
            {
                throw new StepException($"The board's KV is full: {_rented} of {_limit} blocks of {BlockPositions} positions are in use.");
            }

            while (_free.Count < blocks.Length)
            {
                AddSlab();
            }

            foreach (ref nint block in blocks)
            {
                block = _free.Pop();
            }

            _rented += blocks.Length;
        }
    }

    internal void Return(byte* block)
    {
        lock (_gate)
        {
            _rented--;
            _free.Push((nint)block);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            _slabs.ForEach(slab => slab.Dispose());
            _slabs.Clear();
            _free.Clear();
        }
    }

    private void AddSlab()
    {
        AlignedBuffer<byte> slab = new(BlocksPerSlab * BlockBytes);
        _slabs.Add(slab);
        for (int block = BlocksPerSlab - 1; block >= 0; block--)
        {
            _free.Push((nint)(slab.Pointer + block * BlockBytes));
        }
    }
}
