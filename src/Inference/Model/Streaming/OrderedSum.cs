using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Halo.Inference.Memory;

namespace Halo.Inference.Model.Streaming;

/// <summary>
/// A sum of parts that are computed in any order and added in that of their places: its bits are those of the parts one after the other. What comes
/// early is kept until its turn.
/// </summary>
/// <param name="longest">The most elements of a part.</param>
internal sealed unsafe class OrderedSum(long longest) : IDisposable
{
    private readonly Stack<AlignedBuffer<float>> _spare = new();
    private readonly List<AlignedBuffer<float>?> _parts = [];
    private readonly List<bool> _isThere = [];
    private float* _sum;
    private int _length;
    private int _next;
    private bool _isEmpty;

    /// <summary>Starts anew.</summary>
    /// <param name="sum">Where the sum goes.</param>
    /// <param name="length">Its elements.</param>
    /// <param name="parts">How many parts there may be.</param>
    internal OrderedSum Into(float* sum, int length, int parts)
    {
        foreach (AlignedBuffer<float> left in _parts.OfType<AlignedBuffer<float>>())
        {
            _spare.Push(left); // of a sum that was given up
        }

        CollectionsMarshal.SetCount(_parts, parts);
        CollectionsMarshal.SetCount(_isThere, parts);
        CollectionsMarshal.AsSpan(_parts).Clear();
        CollectionsMarshal.AsSpan(_isThere).Clear();
        _sum = sum;
        (_length, _next, _isEmpty) = (length, 0, true);
        return this;
    }

    /// <summary>Where to compute a part.</summary>
    internal float* Room(int part)
    {
        AlignedBuffer<float> room = _parts[part] ??= _spare.Count > 0 ? _spare.Pop() : new AlignedBuffer<float>(longest);
        return room.Pointer;
    }

    /// <summary>A part was computed.</summary>
    internal void Add(int part)
    {
        _isThere[part] = true;
        while (_next < _parts.Count && _isThere[_next])
        {
            Take(_next++);
        }
    }

    /// <summary>No more parts come: those that are not there are missing from the sum, which is zero where all are.</summary>
    internal void Complete()
    {
        for (; _next < _parts.Count; _next++)
        {
            if (_isThere[_next])
            {
                Take(_next);
            }
        }

        if (_isEmpty)
        {
            new Span<float>(_sum, _length).Clear();
        }
    }

    public void Dispose()
    {
        Into(null, 0, 0);
        while (_spare.TryPop(out AlignedBuffer<float>? spare))
        {
            spare.Dispose();
        }
    }

    private void Take(int part)
    {
        AlignedBuffer<float> room = _parts[part]!;
        Span<float> sum = new(_sum, _length);
        ReadOnlySpan<float> value = room.Slice(0, _length);
        if (_isEmpty)
        {
            value.CopyTo(sum);
        }
        else
        {
            TensorPrimitives.Add(sum, value, sum);
        }

        _isEmpty = false;
        _parts[part] = null;
        _spare.Push(room);
    }
}
