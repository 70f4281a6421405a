using Halo.Inference.Model.Pieces;

namespace Halo.Inference.Model.Streaming;

/// <summary>The readers' side: what is loaded next, and where it goes.</summary>
internal sealed unsafe partial class PieceStreamer
{
    private long _resident;
    private long _streamed;
    private long _readBytes;
    private long _waits;
    private TimeSpan _waitTime;
    private long _late;
    private long _leftOut;

    /// <summary>What happened so far.</summary>
    internal StreamStatistics Statistics
    {
        get
        {
            lock (_gate)
            {
                return new StreamStatistics(_resident, _streamed, _buffer?.Length ?? 0, _readBytes, _waits, _waitTime, _late, _leftOut);
            }
        }
    }

    /// <summary>The stage whose pieces compute waits for at this moment, and how many it has taken; null where it does not wait.</summary>
    internal (PieceKind Kind, int Layer, int Taken)? Awaited
    {
        get
        {
            lock (_gate)
            {
                return _waiting && _runs.TryPeek(out StageRun? run) && run.Ready.Count == 0 ? (run.Stage.Kind, run.Stage.Layer, run.Delivered) : null;
            }
        }
    }

    /// <summary>The pieces that are streamed, in the order of a step.</summary>
    internal PieceSlot[] StreamedSlots
    {
        get
        {
            lock (_gate)
            {
                return [.. _schedule.SelectMany(stage => stage.Streamed.Select(index => stage.Slots[index]))];
            }
        }
    }

    /// <summary>Tells the input of a stage to whoever orders the loading.</summary>
    internal void Observe(PieceKind kind, int layer, ReadOnlySpan<float> input) => _options.Order?.Observe(kind, layer, input);

    private void StartReaders()
    {
        while (_readers.Count < _options.Readers)
        {
            Thread reader = new(ReadLoop) { IsBackground = true, Name = $"halo-load-{_readers.Count}" };
            _readers.Add(reader);
            reader.Start();
        }
    }

    private void ReadLoop()
    {
        while (AwaitLoad() is { } load)
        {
            string? fault = null;
            try
            {
                load.Slot.Read(_options.Reader, _buffer!.Pointer + load.Room.Offset);
            }
            catch (Exception caught)
            {
                fault = caught is PieceException ? caught.Message : $"Piece {load.Slot.Id} cannot be loaded: {caught}";
            }

            Finish(load, fault);
        }
    }

    private PieceLoad? AwaitLoad()
    {
        lock (_gate)
        {
            while (!_stopping)
            {
                if (TryStart() is { } load)
                {
                    _inFlight++;
                    return load;
                }

                Monitor.Wait(_gate);
            }

            return null;
        }
    }

    private void Finish(PieceLoad load, string? fault)
    {
        lock (_gate)
        {
            _inFlight--;
            _readBytes += load.Slot.BufferBytes;
            if (load.Run.IsClosed || fault is not null)
            {
                Free(load);
                load.Run.Fault = fault;
            }
            else
            {
                load.Run.Ready.Enqueue(load);
            }

            Monitor.PulseAll(_gate);
        }
    }

    private PieceLoad? TryStart()
    {
        if (!_options.Overlap && !_waiting)
        {
            return null;
        }

        while (_opened is null || _opened.IsStarted)
        {
            if (!MayOpen())
            {
                return null;
            }

            Open();
        }

        return _ring!.TryTake(_opened.NextSlot.BufferBytes) is { } room ? _opened.Start(room) : null;
    }

    private bool MayOpen()
    {
        if (_schedule.Length == 0)
        {
            return false;
        }

        SkipUnwanted();

        // One step ahead; whether that one needs the LM head is not known before it begins.
        bool isAhead = _loadStep > _step;
        return _options.Overlap && _loadStep <= _step + 1 && !(isAhead && _schedule[_loadStage].Kind == PieceKind.Vocabulary);
    }

    // Opens the run that the cursor is at.
    private void Open()
    {
        StreamedStage stage = _schedule[_loadStage];
        int count = stage.Streamed.Length;
        int[] order = new int[count];
        for (int i = 0; i < count; i++)
        {
            order[i] = i;
        }

        int wanted = count;
        if (_options.Order is { } wish && stage.Kind == PieceKind.FeedForward)
        {
            wanted = Math.Clamp(wish.Arrange(stage.Layer, stage.StreamedIds, order), 0, count);
        }

        _leftOut += count - wanted;
        _opened = new StageRun(stage, _loadStep, Array.ConvertAll(order, index => stage.Streamed[index]), wanted);
        _runs.Enqueue(_opened);
        Advance();
    }

    private void SkipUnwanted()
    {
        while (_schedule[_loadStage].Kind == PieceKind.Vocabulary && _loadStep <= _step && !_wantsLogits)
        {
            Advance();
        }
    }

    private void Advance()
    {
        if (++_loadStage == _schedule.Length)
        {
            (_loadStep, _loadStage) = (_loadStep + 1, 0);
        }
    }
}
