namespace Halo.Lab.Net;

/// <summary>Packets on their way, the next to arrive on top; those of one time in the order in which they were added. A binary heap in one array.</summary>
internal sealed class PacketHeap(int capacity)
{
    private Entry[] _entries = new Entry[capacity];
    private long _added;

    internal int Count { get; private set; }

    /// <summary>When the next one arrives, in nanoseconds; the greatest number where there is none.</summary>
    internal long NextTime => Count > 0 ? _entries[0].Time : long.MaxValue;

    internal void Push(long time, int slot, int to)
    {
        if (Count == _entries.Length)
        {
            Array.Resize(ref _entries, 2 * Count);
        }

        Entry entry = new(time, _added++, slot, to);
        int place = Count++;
        while (place > 0 && entry.IsBefore(_entries[(place - 1) / 2]))
        {
            _entries[place] = _entries[(place - 1) / 2];
            place = (place - 1) / 2;
        }

        _entries[place] = entry;
    }

    /// <summary>Takes the next one off.</summary>
    internal (int Slot, int To) Pop()
    {
        Entry top = _entries[0];
        Entry last = _entries[--Count];
        int place = 0;
        for (int child = 1; child < Count; child = (2 * place) + 1)
        {
            if (child + 1 < Count && _entries[child + 1].IsBefore(_entries[child]))
            {
                child++;
            }

            if (!_entries[child].IsBefore(last))
            {
                break;
            }

            _entries[place] = _entries[child];
            place = child;
        }

        _entries[place] = last;
        return (top.Slot, top.To);
    }

    private readonly record struct Entry(long Time, long Number, int Slot, int To)
    {
        internal bool IsBefore(in Entry other) => Time < other.Time || (Time == other.Time && Number < other.Number);
    }
}
