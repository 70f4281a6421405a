using System.Numerics.Tensors;
using Halo.Fabric.Datagrams.Format;
using Halo.Fabric.Datagrams.Links;
using Halo.Fabric.Stages;
using Halo.Fabric.Streams;
using Halo.Fabric.Transport;
using Halo.Fabric.Wire;

namespace Halo.Fabric.Datagrams.Relaxed;

/// <summary>
/// Relaxed synchronisation, our reading of HALO's: a stage waits for the sums of the critical boards, and for the tail, those of the others, until a
/// deadline; what has not come then is filled with zeros, and added to the residual stages later if it still comes. A board's residual may so
/// differ from the head board's for a while: every few stages the head board's own comes with its sum, and the others go on from that. Pure:
/// callers say what time it is, in microseconds. Not safe for threads.
/// </summary>
internal sealed class RelaxedStages
{
    private const double LeastWorth = 500; // microseconds: schedulers are no better

    private readonly int _board;
    private readonly int _head;
    private readonly int _boardCount;
    private readonly long _limit;
    private readonly RelaxedInbox _inbox;
    private readonly SumEncoder _encoder;
    private readonly SumEncoder _residualEncoder;
    private readonly float[] _total;
    private readonly CriticalSums _critical;
    private readonly TailDeadline[] _deadlines;
    private readonly int[] _missed; // (Depth, boards): see TailDeadline.Missed
    private readonly long[] _filled;
    private readonly long[] _late;
    private readonly long[] _used;
    private double _largestDrift; // relative, of 2-norms
    private readonly long[] _criticalAt = new long[RelaxedInbox.Depth]; // when all that is critical of a stage was there; 0 before

    /// <param name="board">This board's place.</param>
    /// <param name="head">The head board's place.</param>
    /// <param name="size">Sizes of buffers.</param>
    /// <param name="options">Wire type, critical boards, and the longest wait.</param>
    internal RelaxedStages(int board, int head, FabricSize size, DatagramOptions options)
    {
        (_board, _head, _boardCount) = (board, head, size.BoardCount);
        _limit = (long)options.DeadlineLimit.TotalMicroseconds;
        _critical = new CriticalSums(size.BoardCount, head, size.StageCount, options.CriticalBoards, options.CriticalStages);
        _inbox = new RelaxedInbox(size, options.WireType, _critical);
        _deadlines = [.. Enumerable.Range(0, size.BoardCount).Select(_ => new TailDeadline())];
        _missed = new int[RelaxedInbox.Depth * size.BoardCount];
        _encoder = new SumEncoder(_inbox.MostElements, options.WireType, RelaxedInbox.Depth);
        _residualEncoder = new SumEncoder(_inbox.MostElements, WireType.F32, 2);
        _total = GC.AllocateArray<float>(_inbox.MostElements, pinned: true);
        (_filled, _late, _used) = (new long[size.BoardCount], new long[size.BoardCount], new long[size.BoardCount]);
    }

    /// <summary>Whether the step at hand had relaxed stages of a mesh, after which boards may differ.</summary>
    internal bool MayDiffer { get; private set; }

    /// <summary>The mean round trip to the other boards, in microseconds; 0 while it is not known.</summary>
    internal double RoundTrip { get; set; }

    /// <summary>Whether links lose datagrams: what one loses others will, as boards share a room.</summary>
    internal bool IsLossy { get; set; }

    /// <summary>Whether sums of so many elements are relaxed.</summary>
    internal bool Takes(int elements) => elements <= _inbox.MostElements;

    /// <summary>Whether a board's sum of a stage is of the tail.</summary>
    internal bool IsTail(int board, int stage) => !_critical.IsCritical(board, stage);

    /// <summary>Adds what is known of a board's sums to what is known of the link to it.</summary>
    internal LinkStatistics AddTo(LinkStatistics link, int board) => link with
    {
        FilledChunks = _filled[board],
        LateChunks = _late[board],
        UsedChunks = _used[board],
        Drift = board == _head ? _largestDrift : 0,
    };

    /// <summary>Where this board writes its sum.</summary>
    internal Span<float> Own(in StageKey key, int length)
    {
        PartialMessage own = _inbox.SumOf(_board, key);
        own.Open(key);
        return own.Values[..length];
    }

    /// <summary>Takes this board's sum, which lies in <see cref="Own"/>, and returns it as it is sent.</summary>
    internal OutgoingMessage Contribute(in StageKey key, int length, bool isEmpty, long now)
    {
        _criticalAt[key.Stage % RelaxedInbox.Depth] = 0;
        OutgoingMessage message = isEmpty
            ? _encoder.Empty(FrameKind.PartialSum, key, length)
            : _encoder.Encode(FrameKind.PartialSum, key, Own(key, length));
        _inbox.SumOf(_board, key).Written(key, length, isEmpty, now);
        return message;
    }

    /// <summary>Takes a chunk of a sum, or of a star's total, whose place is the head board's.</summary>
    internal ChunkVerdict Put(int board, in ChunkHead head, ReadOnlySpan<byte> bytes, long now)
    {
        ChunkVerdict verdict = _inbox.PutSum(board, head, bytes, now);
        if (verdict == ChunkVerdict.Late && IsTail(board, head.Key.Stage))
        {
            _late[board]++;
            int slot = head.Key.Stage % RelaxedInbox.Depth;
            if (_criticalAt[slot] > 0 && _inbox.SumOf(board, head.Key).IsWhole(head.Key))
            {
                _deadlines[board].CameLate(_missed[slot * _boardCount + board], now - _criticalAt[slot]);
            }
        }

        return verdict;
    }

    /// <summary>Takes a chunk of the head board's residual.</summary>
    internal ChunkVerdict PutResidual(in ChunkHead head, ReadOnlySpan<byte> bytes, long now) => _inbox.PutResidual(head, bytes, now);

    /// <summary>Until when this board must wait with a stage; <see cref="long.MaxValue"/> while something critical is missing.</summary>
    internal long WaitUntil(in StageKey key, bool isStar, long now)
    {
        if (isStar && _board != _head)
        {
            return _inbox.SumOf(_head, key).IsWhole(key) ? now : long.MaxValue;
        }

        if (!isStar && _board != _head && _critical.HasResync(key.Stage) && !_inbox.ResidualBefore(key).IsWhole(key))
        {
            return long.MaxValue;
        }

        bool allCame = true;
        long slack = 0;
        for (int board = 0; board < _boardCount; board++)
        {
            if (_inbox.SumOf(board, key).IsWhole(key))
            {
                continue;
            }

            if (!IsTail(board, key.Stage))
            {
                return long.MaxValue;
            }

            allCame = false;
            slack = Math.Max(slack, _deadlines[board].Slack(_limit, IsLossy));
        }

        ref long critical = ref _criticalAt[key.Stage % RelaxedInbox.Depth];
        critical = critical == 0 ? now : critical;
        return allCame ? now : critical + slack;
    }

    /// <summary>Ends a stage of a mesh: fills what is missing, and adds the total to the residual, or to the head board's where that came.</summary>
    internal void Complete(in StageKey key, Span<float> residual)
    {
        MayDiffer = !_critical.EndsAlike; // else the head board's residual has come before the last stages, of which nothing is missing
        if (!_critical.HasResync(key.Stage))
        {
            AddOwed(key, residual);
        }
        else
        {
            if (_board != _head)
            {
                ReadOnlySpan<float> exact = _inbox.ResidualBefore(key).Values[..residual.Length];
                NoteDrift(residual, exact);
                exact.CopyTo(residual);
            }

            ForgetOwed(key);
        }

        FillMissing(key);
        TensorPrimitives.Add(residual, Total(key, residual.Length), residual);
        _inbox.Complete(key);
    }

    /// <summary>Head board of a star: ends a stage, and returns its total as it is sent.</summary>
    internal OutgoingMessage CompleteTotal(in StageKey key, Span<float> residual)
    {
        FillMissing(key);
        Span<float> total = Total(key, residual.Length);
        AddOwed(key, total);
        OutgoingMessage message = _encoder.Encode(FrameKind.Total, key, total);
        TensorPrimitives.Add(residual, total, residual);
        _inbox.Complete(key);
        return message;
    }

    /// <summary>Other boards of a star: adds the total that came.</summary>
    internal void TakeTotal(in StageKey key, Span<float> residual)
    {
        PartialMessage total = _inbox.SumOf(_head, key);
        if (total.HasValues(key))
        {
            TensorPrimitives.Add(residual, total.Values[..residual.Length], residual);
        }

        _inbox.Complete(key);
    }

    /// <summary>Head board of a mesh: its residual as it is sent before a stage; without a buffer where that stage has none.</summary>
    internal OutgoingMessage Resync(in StageKey next, ReadOnlySpan<float> residual) => _board == _head && _critical.HasResync(next.Stage)
        ? _residualEncoder.Copy(FrameKind.Residual, next, next.Stage / CriticalSums.ResyncStages, residual)
        : default;

    /// <summary>The step is over.</summary>
    internal void EndStep(long stepNumber)
    {
        MayDiffer = false;
        _inbox.EndStep(stepNumber);
    }

    private Span<float> Total(in StageKey key, int length)
    {
        Span<float> total = _total.AsSpan(0, length);
        _inbox.Sum(key, total);
        return total;
    }

    private void FillMissing(in StageKey key)
    {
        int slot = key.Stage % RelaxedInbox.Depth;
        long critical = _criticalAt[slot];
        for (int board = 0; board < _boardCount; board++)
        {
            if (!IsTail(board, key.Stage))
            {
                continue;
            }

            PartialMessage sum = _inbox.SumOf(board, key);
            if (sum.IsWhole(key))
            {
                _deadlines[board].Came(sum.WholeAt - critical, Worth);
            }
            else
            {
                _missed[slot * _boardCount + board] = _deadlines[board].Missed(Worth);
                _filled[board] += sum.Fill(key);
            }
        }
    }

    // A sum that is missing for a stage costs quality, which has no unit of time: half a one-way delay keeps both small in the laboratory.
    private double Worth => Math.Max(LeastWorth, RoundTrip / 4);

    // What came too late for its own stage belongs to the residual all the same.
    private void AddOwed(in StageKey key, Span<float> residual)
    {
        for (int stage = Math.Max(0, key.Stage - RelaxedInbox.Depth + 1); stage < key.Stage; stage++)
        {
            for (int board = 0; board < _boardCount; board++)
            {
                StageKey past = key with { Stage = stage };
                _used[board] += _inbox.SumOf(board, past).AddOwed(past, residual);
            }
        }
    }

    // The head board's residual, as it was sent, has all that it has had; what came later, or here alone, is given up.
    private void ForgetOwed(in StageKey key)
    {
        for (int stage = Math.Max(0, key.Stage - RelaxedInbox.Depth + 1); stage < key.Stage; stage++)
        {
            for (int board = 0; board < _boardCount; board++)
            {
                _inbox.SumOf(board, key with { Stage = stage }).ForgetOwed();
            }
        }
    }

    private void NoteDrift(ReadOnlySpan<float> own, ReadOnlySpan<float> exact)
    {
        double distance = TensorPrimitives.Distance(own, exact);
        if (distance > 0)
        {
            _largestDrift = Math.Max(_largestDrift, distance / Math.Max(TensorPrimitives.Norm(exact), float.Epsilon));
        }
    }
}
