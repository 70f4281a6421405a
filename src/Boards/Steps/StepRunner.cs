using System.Threading.Tasks.Sources;
using Halo.Fabric.Stages;
using Halo.Fabric.Transport;
using Halo.Inference.Model;

namespace Halo.Boards.Steps;

/// <summary>
/// Walks the steps of one model from the process of its head board: announces them, carries the boards of this process through them, and picks
/// the tokens. Boards of other processes follow, see <see cref="StepFollower"/>. One step at a time: the next is announced when every board
/// has let go of the one before.
/// </summary>
public sealed class StepRunner : IDisposable, IValueTaskSource<IReadOnlyList<RowOutcome>>
{
    private readonly ModelWeights _weights;
    private readonly HeadSequences _sequences;
    private readonly byte[] _announcement;
    private readonly float[] _embeddings; // (rows, hiddenSize)
    private readonly List<RowOutcome> _outcomes = [];
    private readonly StepThreads _threads;
    private readonly BoardLane _head;
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
    /// <param name="head">The head board's index among them.</param>
    /// <param name="limits">Sizes of a step.</param>
    /// <param name="threads">Compute threads for all boards together.</param>
    public StepRunner(ModelWeights weights, IReadOnlyList<BoardModel> boards, IReadOnlyList<ITransport> transports, int head, StepLimits limits, int threads)
    {
        int hiddenSize = weights.Config.HiddenSize;
        _weights = weights;
        _sequences = new HeadSequences(weights.Config.VocabularySize);
        _announcement = new byte[StepCodec.MaxBytes(limits, hiddenSize)];
        _embeddings = new float[limits.MaxRows * hiddenSize];
        _threads = new StepThreads(weights.Config, boards, transports, threads);
        _head = _threads.Lanes[head];
        _threads.Start(2 * weights.Config.LayerCount, Run);
    }

    /// <summary>Steps that went through or were given up.</summary>
    public long StepCount => Volatile.Read(ref _stepNumber);

    /// <summary>Whether this runner was stopped: it takes no steps.</summary>
    public bool IsStopped => Volatile.Read(ref _stopped);

    /// <summary>Why no step can go through any more: a board is lost; null while steps can.</summary>
    public string? Failure => _head.Transport.Failure;

    /// <summary>Gives up this step and all later ones: a board is lost.</summary>
    public void Fail(string reason) => _head.Transport.Fail(reason);

    /// <summary>Runs a step. One at a time; the request may be reused once the task has ended.</summary>
    /// <returns>
    /// What became of the logit rows, in their order; valid until the next step. Rows may guess tokens that their sequence does not have yet: from the
    /// first wrong guess on a sequence's rows have no outcome, and the step after must cut them off.
    /// </returns>
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

        _threads.Dispose();
    }

    IReadOnlyList<RowOutcome> IValueTaskSource<IReadOnlyList<RowOutcome>>.GetResult(short token) => _done.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<IReadOnlyList<RowOutcome>>.GetStatus(short token) => _done.GetStatus(token);

    void IValueTaskSource<IReadOnlyList<RowOutcome>>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _done.OnCompleted(continuation, state, token, flags);

    private void Run(LaneGroup group, BoardLane[] lanes)
    {
        if (!lanes.Contains(_head))
        {
            while (group.TryBegin(null, 0, default))
            {
                group.Walk();
            }

            return;
        }

        while (TryAnnounce(out ReadOnlySpan<byte> announcement))
        {
            // Where the fabric has come to its end meanwhile the step is answered all the same: somebody waits for it.
            if (group.TryBegin(_head, StepCount, announcement))
            {
                group.Walk();
            }

            Answer();
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
            _weights.Embedding.Lookup(step.Rows[row].TokenId, step.Rows[row].Position, _embeddings.AsSpan(row * hiddenSize, hiddenSize));
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
