namespace Halo.Lab.Net;

/// <summary>Room for packets on their way, made once. A packet that goes to several boards is held once and counted.</summary>
internal sealed class PacketPool
{
    internal const int SlotBytes = 2048; // above the MTU

    private readonly byte[] _bytes;
    private readonly int[] _lengths;
    private readonly int[] _holders;
    private readonly int[] _free;
    private int _freeCount;

    internal PacketPool(int slots)
    {
        _bytes = GC.AllocateUninitializedArray<byte>(slots * SlotBytes, pinned: true);
        _lengths = new int[slots];
        _holders = new int[slots];
        _free = [.. Enumerable.Range(0, slots)];
        _freeCount = slots;
    }

    /// <summary>Slots that nobody holds.</summary>
    internal int FreeCount => _freeCount;

    /// <summary>A free slot, not yet held: <see cref="Hold"/> takes it.</summary>
    internal int Peek() => _free[_freeCount - 1];

    /// <summary>The whole room of a slot.</summary>
    internal Span<byte> Room(int slot) => _bytes.AsSpan(slot * SlotBytes, SlotBytes);

    /// <summary>The packet in a slot.</summary>
    internal ReadOnlySpan<byte> Packet(int slot) => _bytes.AsSpan(slot * SlotBytes, _lengths[slot]);

    /// <summary>Takes the slot that <see cref="Peek"/> gave, for a packet with so many arrivals to come, at least 1.</summary>
    internal void Hold(int slot, int length, int arrivals)
    {
        _freeCount--;
        _lengths[slot] = length;
        _holders[slot] = arrivals;
    }

    /// <summary>One arrival is done; after the last the slot is free.</summary>
    internal void Release(int slot)
    {
        if (--_holders[slot] == 0)
        {
            _free[_freeCount++] = slot;
        }
    }
}
