using System.Threading.Tasks.Sources;
using Halo.Fabric.Stages;
using Halo.Fabric.Transport;
using Halo.Inference.Model;
using Halo.Inference.Threading;

namespace Halo.Boards.Steps;

/// <summary>
/// Walks the steps of one model over the boards of this process. It owns its threads: no more than the cores it was given. With fewer
/// threads than boards each thread carries several boards through every stage (compute all, then complete all), so boards that share a
/// core never wait for each other in vain; with more threads than boards a board computes with a team.
/// One step at a time: the next is announced when every board has let go of the one before.
/// </summary>
public sealed class StepRunner : IDisposable, IValueTaskSource<IReadOnlyList<RowOutcome>>
{
    private readonly ModelWeights _weights;
    private readonly IReadOnlyList<BoardModel> _boards;
    private readonly HeadSequences _sequences;
    private readonly byte[] _announcement;
    private readonly float[] _embeddings; // (rows, hiddenSize)
    private readonly List<RowOutcome> _outcomes = [];
    private readonly List<Thread> _threads = [];
    private readonly List<WorkerTeam> _teams = [];
    private readonly List<BoardLane> _lanes = [];
    private readonly BoardLane _head;
    private readonly int _stageCount;
    private readonly object _inbox = new();
    private ManualResetValueTaskSourceCore<IReadOnlyList<RowOutcome>> _done = new() { RunContinuationsAsynchronously = true };
    private StepRequest? _request;
    private bool _running;
    private bool _stopped;
    private long _stepNumber;

    /// <summary>Starts the threads.</summary>
    /// <param name="weights">The model.</param>
    /// <param name="boards">The boards of this process, in the plan's order.</param>
    /// <param name="transports">Each board's end of the fabric, in the same order.</param>
    /// <param name="head">The head board's index.</param>
    /// <param name="limits">Sizes of a step.</param>
    /// <param name="threads">Compute threads for all boards together.</param>
    public StepRunner(ModelWeights weights, IReadOnlyList<BoardModel> boards, IReadOnlyList<ITransport> transports, int head, StepLimits limits, int threads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        int hiddenSize = weights.Config.HiddenSize;
        _weights = weights;
        _boards = boards;
        _sequences = new HeadSequences(weights.Config.VocabularySize);
        _announcement = new byte[StepCodec.MaxBytes(limits, hiddenSize)];
        _embeddings = new float[limits.MaxRows * hiddenSize];
        _stageCount = 2 * weights.Config.LayerCount;
        for (int i = 0; i < boards.Count; i++)
        {
            _lanes.Add(new BoardLane(boards[i], transports[i], hiddenSize));
        }

        _head = _lanes[head];
        StartThreads(threads);
    }

    /// <summary>Steps that went through or were given up.</summary>
    public long StepCount => Volatile.Read(ref _stepNumber);

    /// <summary>Runs a step. One at a time; the request may be reused once the task has ended.</summary>
    /// <returns>What became of the logit rows, in their order; valid until the next step.</returns>
    /// <exception cref="StepException">The step was given up; the message names the board or shard. KV of its rows' sequences is as before
    /// on boards that noticed in time: truncate or release the sequences before stepping them again.</exception>
    /// <exception cref="ObjectDisposedException">The runner has been stopped.</exception>
    public ValueTask<IReadOnlyList<RowOutcome>> RunAsync(StepRequest request)
    {
        lock (_inbox)
        {
            ObjectDisposedException.ThrowIf(_stopped, this);
            if (_running)
            {
                throw new InvalidOperationException("A step is already under way; await it first.");
            }

            _running = true;
            _request = request;
            _done.Reset();
            Monitor.Pulse(_inbox);
            return new ValueTask<IReadOnlyList<RowOutcome>>(this, _done.Version);
        }
    }

    /// <summary>Stops the threads and fails the step that is under way.</summary>
    public void Dispose()
    {
        lock (_inbox)
        {
            if (_stopped)
            {
                return;
            }

            _stopped = true;
            Monitor.Pulse(_inbox);
        }

        _lanes.ForEach(lane => lane.Transport.Stop());
        _threads.ForEach(thread => thread.Join());
        _teams.ForEach(team => team.Dispose());
        _lanes.ForEach(lane => lane.Transport.Dispose());
    }

    IReadOnlyList<RowOutcome> IValueTaskSource<IReadOnlyList<RowOutcome>>.GetResult(short token) => _done.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<IReadOnlyList<RowOutcome>>.GetStatus(short token) => _done.GetStatus(token);

    void IValueTaskSource<IReadOnlyList<RowOutcome>>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _done.OnCompleted(continuation, state, token, flags);

    private void StartThreads(int threads)
    {
        int threadCount = Math.Min(threads, _lanes.Count);
        for (int thread = 0; thread < threadCount; thread++)
        {
            // Boards are dealt out like cards: those with head groups come first in a plan, and so spread over the threads.
            BoardLane[] mine = [.. _lanes.Where((_, index) => index % threadCount == thread)];
            int teamSize = threads / threadCount + (thread < threads % threadCount ? 1 : 0);
            WorkerTeam team = new(teamSize, $"halo-step-{thread}", spin: true);
            _teams.Add(team);
            for (int index = thread; index < _boards.Count; index += threadCount)
            {
                _boards[index].Start(team);
            }

            Thread runner = new(() => RunThread(mine)) { IsBackground = true, Name = $"halo-step-{thread}" };
            _threads.Add(runner);
        }

        _threads.ForEach(thread => thread.Start());
    }

    private void RunThread(BoardLane[] lanes)
    {
        bool carriesHead = lanes.Contains(_head);
        while (true)
        {
            ReadOnlySpan<byte> announcement = default;
            if (carriesHead && !TryAnnounce(out announcement))
            {
                return;
            }

            foreach (BoardLane lane in lanes)
            {
                long stepNumber = StepCount;
                ReadOnlySpan<byte> received = lane == _head ? announcement : lane.Transport.ReceiveAnnouncement(out stepNumber);
                if (received.IsEmpty)
                {
                    return;
                }

                lane.Begin(stepNumber, received);
            }

            Walk(lanes);
            if (carriesHead)
            {
                Answer();
            }
        }
    }

    private void Walk(BoardLane[] lanes)
    {
        bool whole = !Array.Exists(lanes, lane => lane.HasFailed);
        int stageCount = lanes[0].HasRows ? _stageCount : 0;
        for (int stage = 0; whole && stage < stageCount; stage++)
        {
            foreach (BoardLane lane in lanes)
            {
                lane.Contribute(stage);
            }

            foreach (BoardLane lane in lanes)
            {
                whole &= lane.Complete(stage);
            }
        }

        foreach (BoardLane lane in lanes)
        {
            if (whole)
            {
                lane.Finish();
            }

            lane.End();
        }
    }

    private bool TryAnnounce(out ReadOnlySpan<byte> announcement)
    {
        announcement = default;
        while (true)
        {
            StepRequest? request = NextRequest();
            if (request is null)
            {
                return false;
            }

            try
            {
                announcement = Encode(request);
                _head.Transport.Announce(request.Step.StepNumber, announcement);
                return true;
            }
            catch (Exception fault)
            {
                Finish(fault);
            }
        }
    }

    private StepRequest? NextRequest()
    {
        lock (_inbox)
        {
            while (_request is null && !_stopped)
            {
                Monitor.Wait(_inbox);
            }

            if (_stopped)
            {
                bool interrupted = _running;
                _running = false;
                if (interrupted)
                {
                    _done.SetException(new ObjectDisposedException(nameof(StepRunner)));
                }

                return null;
            }

            StepRequest request = _request!;
            request.Step.StepNumber = _stepNumber + 1;
            return request;
        }
    }

    private ReadOnlySpan<byte> Encode(StepRequest request)
    {
        Step step = request.Step;
        int hiddenSize = _weights.Config.HiddenSize;
        if (step.Rows.Count * hiddenSize > _embeddings.Length)
        {
            throw new StepException($"A step of {step.Rows.Count} rows is too large: {_embeddings.Length / hiddenSize} are the most.");
        }

        for (int row = 0; row < step.Rows.Count; row++)
        {
            _weights.Embedding.Lookup(step.Rows[row].TokenId, _embeddings.AsSpan(row * hiddenSize, hiddenSize));
        }

        int length = StepCodec.Write(step, _embeddings.AsSpan(0, step.Rows.Count * hiddenSize), _announcement);
        _sequences.Apply(step);
        foreach (SequenceSpec spec in request.Opens)
        {
            _sequences.Open(spec);
        }

        Volatile.Write(ref _stepNumber, step.StepNumber);
        return _announcement.AsSpan(0, length);
    }

    private void Answer()
    {
        Step step = _request!.Step;
        Exception? fault = null;
        if (_head.Transport.CompleteStep(step.StepNumber) == StageResult.Complete)
        {
            try
            {
                _sequences.Pick(step, _head.Transport.GatheredLogits(step.LogitRows.Count), _outcomes);
            }
            catch (Exception caught)
            {
                fault = caught;
            }
        }
        else
        {
            fault = _head.Transport.AbortReason(step.StepNumber) is { } reason
                ? new StepException(reason)
                : new ObjectDisposedException(nameof(StepRunner));
        }

        Finish(fault);
    }

    private void Finish(Exception? fault)
    {
        lock (_inbox)
        {
            _request = null;
            _running = false;
        }

        if (fault is null)
        {
            _done.SetResult(_outcomes);
        }
        else
        {
            _done.SetException(fault);
        }
    }
}
