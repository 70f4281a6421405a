namespace Halo.Inference.Model;

/// <summary>
/// Which sequences a board knows: a small slot number and a length for each. All boards see all steps, so their tables agree.
/// An epoch changes whenever what was written before is no longer valid (truncation, fork), so that a copy of KV made meanwhile is not trusted.
/// </summary>
public sealed class SequenceTable
{
    private readonly Dictionary<long, int> _slots;
    private readonly Stack<int> _free;
    private readonly int[] _lengths; // (maxSequences)
    private readonly int[] _epochs;  // (maxSequences)

    /// <param name="maxSequences">Sequences that can be open at once.</param>
    public SequenceTable(int maxSequences)
    {
        _slots = new Dictionary<long, int>(maxSequences);
        _free = new Stack<int>(Enumerable.Range(0, maxSequences).Reverse());
        _lengths = new int[maxSequences];
        _epochs = new int[maxSequences];
    }

    /// <summary>Sequences that can be open at once.</summary>
    public int Capacity => _lengths.Length;

    /// <summary>Open sequences.</summary>
    public int Count => _slots.Count;

    /// <summary>The open sequences' ids.</summary>
    public IReadOnlyCollection<long> Sequences => _slots.Keys;

    /// <summary>The slot of a sequence; false where it is unknown.</summary>
    public bool TryGetSlot(long sequenceId, out int slot) => _slots.TryGetValue(sequenceId, out slot);

    /// <summary>Positions written for the sequence in a slot.</summary>
    public int Length(int slot) => _lengths[slot];

    /// <summary>Changes when earlier positions of the slot were rewritten.</summary>
    public int Epoch(int slot) => _epochs[slot];

    internal int GetOrAdd(long sequenceId)
    {
        if (_slots.TryGetValue(sequenceId, out int slot))
        {
            return slot;
        }

        if (!_free.TryPop(out slot))
        {
            throw new StepException($"Sequence {sequenceId} is one too many: this board keeps {Capacity} at once.");
        }

        _slots.Add(sequenceId, slot);
        _lengths[slot] = 0;
        _epochs[slot]++;
        return slot;
    }

    internal bool Remove(long sequenceId, out int slot)
    {
        if (!_slots.Remove(sequenceId, out slot))
        {
            return false;
        }

        _lengths[slot] = 0;
        _epochs[slot]++;
        _free.Push(slot);
        return true;
    }

    internal void Extend(int slot, int length) => _lengths[slot] = length;

    internal void Rewrite(int slot, int length)
    {
        _lengths[slot] = length;
        _epochs[slot]++;
    }
}
