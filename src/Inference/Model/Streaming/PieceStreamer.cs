using System.Globalization;
using Halo.Inference.Model.Pieces;

namespace Halo.Inference.Model.Streaming;

/// <summary>
/// Carries the pieces that do not fit the memory from storage to compute. The order of stages within a step is known, so its readers run ahead as
/// far as the ring of buffers reaches: over compute, over waits for other boards, and into the next step before that is announced.
/// </summary>
/// <remarks>
/// Compute is one thread: <see cref="BeginStep"/>, then for each stage <see cref="Enter"/> and <see cref="Next"/> until that ends. A step
/// that is given up in the middle is noticed at the next one's beginning.
/// </remarks>
internal sealed unsafe partial class PieceStreamer : IDisposable
{
    private readonly object _gate = new();
    private readonly StreamingOptions _options;
    private readonly Queue<StageRun> _runs = new(); // from compute's stage to the readers'
    private readonly List<Thread> _readers = [];
    private readonly ITimer? _deadline;
    private StreamedStage[] _schedule = []; // stages with streamed pieces, in the order of a step
    private ShardTable? _table;
    private PageBuffer? _buffer;
    private BufferRing? _ring;
    private StageRun? _opened; // the latest of the runs
    private long _step;        // the step at hand
    private bool _wantsLogits; // whether it needs the LM head
    private long _loadStep;    // where the next run is to be opened
    private int _loadStage;
    private long _entered;     // when compute came to its stage
    private int _inFlight;
    private bool _waiting;
    private bool _stopping;

    internal PieceStreamer(StreamingOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Readers, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(options.Deadline ?? TimeSpan.MaxValue, TimeSpan.Zero, nameof(options));
        _options = options;
        _deadline = options.Deadline is null ? null : options.Time.CreateTimer(_ => Wake(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Takes up a step with rows.</summary>
    /// <param name="table">The shards; where they are others than before, it is settled anew what stays in memory, and that is loaded.</param>
    /// <param name="budget">Bytes for weights in memory and the ring.</param>
    /// <param name="wantsLogits">Whether the step needs the LM head.</param>
    /// <exception cref="StepException">The budget is too small, or a piece that is to stay in memory cannot be loaded.</exception>
    internal void BeginStep(ShardTable table, long budget, bool wantsLogits)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_stopping, this);
            if (!ReferenceEquals(table, _table))
            {
                Settle(table, budget);
                Restart();
            }
            else if (_schedule.Length > 0)
            {
                SkipUnwanted();
                if (_loadStep <= _step || _runs.Any(run => run.Step <= _step))
                {
                    Restart(); // the step before was given up
                }
            }

            _step++;
            _wantsLogits = wantsLogits;
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Compute has come to a stage with streamed pieces.</summary>
    internal void Enter(StreamedStage stage)
    {
        lock (_gate)
        {
            while (_runs.TryPeek(out StageRun? run) && run.Stage != stage)
            {
                Discard(_runs.Dequeue()); // a stage that was left in the middle
            }

            if (_runs.Count == 0)
            {
                _loadStep = _step;
                _loadStage = Array.IndexOf(_schedule, stage);
                Open();
            }

            _entered = _options.Time.GetTimestamp();
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Takes what is loaded of the stage that compute is in, and waits where that is nothing.</summary>
    /// <returns>False at the stage's end: all pieces were taken, or the deadline has passed.</returns>
    /// <exception cref="StepException">A piece could not be loaded.</exception>
    internal bool Next(List<ReadyPiece> ready)
    {
        lock (_gate)
        {
            StageRun run = _runs.Peek();
            for (bool waited = false; ; waited = true)
            {
                ObjectDisposedException.ThrowIf(_stopping, this);
                if (run.Fault is { } fault)
                {
                    throw new StepException(fault);
                }

                if (Take(run, ready))
                {
                    return true;
                }

                TimeSpan? patience = run.Stage.Kind == PieceKind.FeedForward ? _options.Deadline - _options.Time.GetElapsedTime(_entered) : null;
                if (run.IsOver || patience <= TimeSpan.Zero)
                {
                    Leave(run);
                    return false;
                }

                _waits += waited ? 0 : 1;
                Wait(patience);
            }
        }
    }

    /// <summary>Gives the buffers of pieces back.</summary>
    internal void Release(List<ReadyPiece> pieces)
    {
        lock (_gate)
        {
            foreach (ReadyPiece piece in pieces)
            {
                Free(piece.Load);
            }

            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Ends the readers, after the reads they are in.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_stopping)
            {
                return;
            }

            _stopping = true;
            Monitor.PulseAll(_gate);
        }

        _deadline?.Dispose();
        _readers.ForEach(reader => reader.Join());
        _buffer?.Dispose();
    }

    private bool Take(StageRun run, List<ReadyPiece> ready)
    {
        // Without overlap compute begins when nothing is being loaded any more.
        if (run.Ready.Count == 0 || (!_options.Overlap && _inFlight > 0))
        {
            return false;
        }

        while (run.Ready.TryDequeue(out PieceLoad? load))
        {
            run.Delivered++;
            ready.Add(new ReadyPiece(load.Index, (nint)(_buffer!.Pointer + load.Room.Offset), load));
        }

        return true;
    }

    private void Leave(StageRun run)
    {
        _late += run.Close();
        _runs.Dequeue();
        Monitor.PulseAll(_gate);
    }

    // A timer may fire a little early: who looks again and finds time left sets it again.
    private void Wait(TimeSpan? patience)
    {
        long start = _options.Time.GetTimestamp();
        if (patience is { } longest)
        {
            _deadline!.Change(longest, Timeout.InfiniteTimeSpan);
        }

        _waiting = true;
        Monitor.PulseAll(_gate);
        Monitor.Wait(_gate);
        _waiting = false;
        _waitTime += _options.Time.GetElapsedTime(start);
    }

    private void Wake()
    {
        lock (_gate)
        {
            Monitor.PulseAll(_gate);
        }
    }

    private void Discard(StageRun run)
    {
        run.Close();
        while (run.Ready.TryDequeue(out PieceLoad? load))
        {
            Free(load);
        }
    }

    private void Free(PieceLoad? load)
    {
        if (load is not null)
        {
            _ring!.Free(load.Room);
        }
    }

    // From the first stage of the next step on.
    private void Restart()
    {
        while (_runs.TryDequeue(out StageRun? run))
        {
            Discard(run);
        }

        (_opened, _loadStep, _loadStage) = (null, _step + 1, 0);
    }

    private void Settle(ShardTable table, long budget)
    {
        _table = null;
        Restart();
        _schedule = [];
        while (_inFlight > 0)
        {
            Monitor.Wait(_gate);
        }

        StreamedStage[] stages = [.. table.StreamedStages];
        Residency residency = Choose(stages, budget);
        Hold(stages, residency);
        _buffer?.Dispose();
        _buffer = residency.RingBytes > 0 ? new PageBuffer(residency.RingBytes) : null;
        _ring = new BufferRing(residency.RingBytes);
        _schedule = [.. stages.Where(stage => stage.Streamed.Length > 0)];
        _table = table;
        if (_schedule.Length > 0)
        {
            StartReaders();
        }
    }

    private Residency Choose(StreamedStage[] stages, long budget)
    {
        PieceNeed[] needs =
        [
            .. stages.SelectMany(stage => stage.Slots.Select((slot, index) => new PieceNeed(slot.Id, slot.BufferBytes, (double)index / stage.Slots.Length))),
        ];
        return Residency.Choose(needs, budget, _options.Importance) ?? throw new StepException(string.Create(
            CultureInfo.InvariantCulture,
            $"{budget / 1e6:0.0} MB are left for weights; with pieces of up to {needs.Max(need => need.Bytes) / 1e6:0.0} MB at least twice as much is needed: "
            + $"allow this board more memory, or keep less KV."));
    }

    private void Hold(StreamedStage[] stages, Residency residency)
    {
        PieceSlot[] slots = [.. stages.SelectMany(stage => stage.Slots)];
        for (int index = 0; index < slots.Length; index++)
        {
            if (!residency.Stays[index])
            {
                slots[index].Evict();
            }
        }

        try
        {
            for (int index = 0; index < slots.Length; index++)
            {
                if (residency.Stays[index])
                {
                    slots[index].Keep(_options.Reader);
                }
            }
        }
        catch (PieceException fault)
        {
            throw new StepException(fault.Message);
        }

        foreach (StreamedStage stage in stages)
        {
            stage.Settle();
        }

        _resident = slots.Where(slot => slot.IsResident).Sum(slot => slot.BufferBytes);
        _streamed = slots.Where(slot => !slot.IsResident).Sum(slot => slot.BufferBytes);
    }
}
