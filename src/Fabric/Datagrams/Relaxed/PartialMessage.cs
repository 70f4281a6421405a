using System.Numerics;
using System.Numerics.Tensors;
using Halo.Fabric.Datagrams.Format;
using Halo.Fabric.Datagrams.Links;
using Halo.Fabric.Stages;
using Halo.Fabric.Wire;

namespace Halo.Fabric.Datagrams.Relaxed;

/// <summary>How elements of a kind of message are cut into chunks.</summary>
/// <param name="WireType">How they travel.</param>
internal readonly record struct ChunkLayout(WireType WireType)
{
    /// <summary>Bytes of all chunks but the last.</summary>
    internal int Bytes => OutgoingMessage.ChunkBytesOf(SumEncoder.UnitBytes(WireType));

    /// <summary>Elements of all chunks but the last.</summary>
    internal int Elements => Bytes / SumEncoder.UnitBytes(WireType) * SumEncoder.UnitElements;
}

/// <summary>A message of floats that can be used with chunks missing: each chunk has its place and its bit.</summary>
/// <param name="layout">How it is cut.</param>
/// <param name="elements">The most elements; at most 63 chunks.</param>
internal sealed class PartialMessage(ChunkLayout layout, int elements)
{
    private const ulong NothingCame = ulong.MaxValue;

    private readonly float[] _values = GC.AllocateArray<float>(elements, pinned: true);
    private StageKey _key = new(0, -1, 0);
    private ulong _missing = NothingCame; // bit i: chunk i has not come
    private ulong _owed;                  // bit i: chunk i had not come when the stage ended, and was not added since
    private bool _isEmpty;
    private int _elements;

    /// <summary>When it became whole, as the caller's clock said; of use only while it is.</summary>
    internal long WholeAt { get; private set; }

    /// <summary>All elements.</summary>
    internal Span<float> Values => _values;

    /// <summary>Whether all of a stage's message is there.</summary>
    internal bool IsWhole(in StageKey key) => _key == key && _missing == 0;

    /// <summary>Whether there is anything of a stage's message to be added up.</summary>
    internal bool HasValues(in StageKey key) => _key == key && !_isEmpty && _missing != NothingCame;

    /// <summary>Whether it is a stage's message of which something is missing.</summary>
    internal bool IsMissingSome(in StageKey key) => _key == key && _missing != 0;

    /// <summary>Begins a stage's message, unless it has begun.</summary>
    internal void Open(in StageKey key)
    {
        if (_key != key)
        {
            (_key, _missing, _owed, _isEmpty, _elements) = (key, NothingCame, 0, false, 0);
        }
    }

    /// <summary>Says that all of it was written where it lies, or that it has no values.</summary>
    internal void Written(in StageKey key, int count, bool isEmpty, long now)
    {
        Open(key);
        (_elements, _isEmpty, _missing, WholeAt) = (count, isEmpty, 0, now);
    }

    /// <summary>Whether a chunk is one of such a message. Says nothing of its stage.</summary>
    internal bool Fits(in ChunkHead head, int length) =>
        (uint)head.Elements <= (uint)_values.Length
        && (head.MessageBytes == 0 || head.MessageBytes == WireCodec.ByteCount(layout.WireType, head.Elements))
        && head.Offset % layout.Bytes == 0
        && (head.IsLast || length == layout.Bytes);

    /// <summary>Puts a chunk that fits in its place; false where it contradicts one that came before.</summary>
    internal bool Put(in ChunkHead head, ReadOnlySpan<byte> bytes, long now)
    {
        Open(head.Key);
        if (_missing == NothingCame)
        {
            _elements = head.Elements;
            _isEmpty = head.MessageBytes == 0;
            _missing = (1ul << Math.Max(1, (head.MessageBytes + layout.Bytes - 1) / layout.Bytes)) - 1;
        }

        if (head.Elements != _elements || _isEmpty != (head.MessageBytes == 0))
        {
            return false;
        }

        int index = head.Offset / layout.Bytes;
        if ((_missing >> index & 1) != 0)
        {
            int first = index * layout.Elements;
            int count = _isEmpty ? 0 : head.IsLast ? head.Elements - first : layout.Elements;
            WireCodec.Decode(layout.WireType, bytes, _values.AsSpan(first, count));
            _missing &= ~(1ul << index);
            WholeAt = now;
        }

        return true;
    }

    /// <summary>
    /// Puts zeros where chunks of a stage's message are missing; returns how many, 1 where nothing of it has come. What comes of them later is owed:
    /// see <see cref="AddOwed"/>.
    /// </summary>
    internal int Fill(in StageKey key)
    {
        Open(key);
        _owed = _missing;
        if (_missing == NothingCame)
        {
            return 1;
        }

        int filled = 0;
        for (ulong rest = _missing; rest != 0; rest &= rest - 1, filled++)
        {
            int first = BitOperations.TrailingZeroCount(rest) * layout.Elements;
            _values.AsSpan(first, Math.Min(layout.Elements, _elements - first)).Clear();
        }

        return filled;
    }

    /// <summary>Gives up what is owed.</summary>
    internal void ForgetOwed() => _owed = 0;

    /// <summary>Adds to a residual what was owed of a stage's message and has come; returns the chunks.</summary>
    internal int AddOwed(in StageKey key, Span<float> residual)
    {
        if (_key != key || _owed == 0 || _missing == NothingCame)
        {
            return 0;
        }

        int added = 0;
        ulong all = (1ul << Math.Max(1, (_elements + layout.Elements - 1) / layout.Elements)) - 1;
        for (ulong rest = _owed & all & ~_missing; rest != 0 && !_isEmpty; rest &= rest - 1, added++)
        {
            int first = BitOperations.TrailingZeroCount(rest) * layout.Elements;
            Span<float> range = residual.Slice(first, Math.Min(layout.Elements, _elements - first));
            TensorPrimitives.Add(range, _values.AsSpan(first, range.Length), range);
        }

        _owed &= _missing;
        return added;
    }
}
