using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Halo.Boards;
using Halo.Boards.Steps;
using Halo.Grains.Models;
using Halo.Grains.Placement;
using Halo.Grains.Scheduling.Drafts;
using Halo.Planning.Assignment;
using Microsoft.Extensions.Logging;
using Orleans.Concurrency;

namespace Halo.Grains.Scheduling;

/// <summary>
/// Runs the steps of one model, one after the other, for as long as there is work. Reentrant: sequences come and go while a step is under way;
/// all state is touched between awaits on this grain's own scheduler only. Where a step fails it stands still until the model has a new plan; then
/// all sequences start over from their tokens so far, see <see cref="Endurance"/>.
/// </summary>
[HeadBoardPlacement]
[Reentrant]
[KeepAlive]
internal sealed class SchedulerGrain(IStepSessions sessions, ModelCatalog models, PlanCatalog plans, PlanOptions options, ILogger<SchedulerGrain> log)
    : Grain, ISchedulerGrain
{
    private static readonly TimeSpan s_retry = TimeSpan.FromMilliseconds(100);

    private readonly Dictionary<long, Entry> _entries = [];
    private readonly Queue<PlanSwitch> _switches = new();
    private readonly StepRequest _request = new();
    private readonly StepCost _costs = new();
    private StepComposer? _composer;
    private StepRunner? _runner;
    private Plan? _plan;
    private Task _loop = Task.CompletedTask;
    private Task _recovery = Task.CompletedTask;
    private long _brokenSince; // time stamp
    private long _lastSequence;
    private long _stepCount;
    private long _rowCount;
    private long _replayedSequences;
    private long _replayedTokens;
    private bool _isBroken; // a step failed, and there is no plan yet under which to go on
    private bool _isDraining;

    private string Model => this.GetPrimaryKeyString();

    private string Stopping => $"The head board of {Model} is being stopped: ask again.";

    public async IAsyncEnumerable<TokenEvent> RunAsync(SequenceRequest request, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        if (_isDraining)
        {
            throw new OrleansException(Stopping);
        }

        LoadedModel model = models.Open(Model);
        StepComposer composer = _composer ?? throw NotReady();
        int contextLength = Math.Min(model.Weights.Config.ContextLength, _plan!.KvPositions);
        Check(request, model, contextLength);
        Drafter? drafter = request.Speculate == Speculation.Off ? null : new Drafter(_costs, request.Speculate, request.EndTokens);
        ScheduledSequence sequence = new(++_lastSequence, request, contextLength, drafter);
        Entry entry = new(sequence, Channel.CreateUnbounded<TokenEvent>());
        _entries.Add(sequence.Id, entry);
        composer.Add(sequence);
        KeepRunning();
        try
        {
            await foreach (TokenEvent token in entry.Events.Reader.ReadAllAsync(cancellationToken))
            {
                yield return token;
            }
        }
        finally
        {
            if (_entries.Remove(sequence.Id))
            {
                _composer?.Remove(sequence);
                KeepRunning();
            }
        }
    }

    public Task SwitchPlanAsync(int version, string[] movedShards)
    {
        Plan plan = plans.Find(Model, version) ?? throw new InvalidOperationException($"The head board was not prepared for plan {version} of {Model}.");
        PlanSwitch request = new(plan, movedShards, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        _switches.Enqueue(request);
        KeepRunning();
        return request.Done.Task;
    }

    public Task DrainAsync()
    {
        _isDraining = true;
        return Task.CompletedTask;
    }

    public Task<SchedulerStatistics> GetStatisticsAsync() => Task.FromResult(new SchedulerStatistics(
        _stepCount, _rowCount, _composer?.ReusedPositions ?? 0, _composer?.RunningCount ?? 0, _composer?.WaitingCount ?? 0,
        _replayedSequences, _replayedTokens, _costs.Drafted, _costs.Accepted));

    private static void Check(SequenceRequest request, LoadedModel model, int contextLength)
    {
        int vocabularySize = model.Weights.Config.VocabularySize;
        if (request.Tokens.Length == 0)
        {
            throw new BadRequestException("prompt", "The prompt has no tokens.");
        }

        if (request.Tokens.Length + Math.Min(request.MaxTokens, 1) > contextLength)
        {
            throw new BadRequestException(
                "prompt", $"The prompt has {request.Tokens.Length} tokens; the context is {contextLength} tokens, the completion included.");
        }

        int outside = Array.FindIndex(request.Tokens, token => (uint)token >= (uint)vocabularySize);
        if (outside >= 0)
        {
            throw new BadRequestException("prompt", $"Token {request.Tokens[outside]} is outside the vocabulary of {vocabularySize} tokens.");
        }

        if (request.MaxTokens < 0)
        {
            throw new BadRequestException("max_tokens", $"max_tokens is {request.MaxTokens}; it must be 0 or more.");
        }

        if (request.RowsPerStep is < 1)
        {
            throw new BadRequestException("rows_per_step", $"RowsPerStep is {request.RowsPerStep}; it must be 1 or more.");
        }

        if (!Speculation.IsValid(request.Speculate))
        {
            throw new BadRequestException("speculate", $"speculate is {request.Speculate}; it must be {Speculation.Needed}.");
        }
    }

    private ModelUnavailableException NotReady() => new(ModelFault.Failed, $"{Model} has no committed plan yet.");

    private void KeepRunning()
    {
        if (_isBroken && _recovery.IsCompleted)
        {
            _recovery = RecoverAsync();
        }

        if (_loop.IsCompleted)
        {
            _loop = LoopAsync();
        }
    }

    private async Task LoopAsync()
    {
        // Let the call that woke the loop finish its turn first.
        await Task.Yield();
        while (true)
        {
            if (_switches.TryDequeue(out PlanSwitch? planSwitch))
            {
                await SwitchAsync(planSwitch);
            }
            else if (_isBroken || _composer is not { } composer || _runner is not { } runner)
            {
                return;
            }
            else if (runner.IsStopped)
            {
                EndAll(new ModelUnavailableException(ModelFault.Failed, Stopping));
                return;
            }
            else if (!composer.TryCompose(_request))
            {
                return;
            }
            else
            {
                await StepAsync(composer, runner);
            }
        }
    }

    private async Task StepAsync(StepComposer composer, StepRunner runner)
    {
        _request.Step.PlanVersion = _plan!.Version;
        long begin = options.Time.GetTimestamp();
        try
        {
            IReadOnlyList<RowOutcome> outcomes = await runner.RunAsync(_request);
            _stepCount++;
            _rowCount += _request.Step.Rows.Count;
            composer.Took(_request.Step, options.Time.GetElapsedTime(begin));
            Deliver(composer, outcomes);
        }
        catch (Exception fault)
        {
            FailStep(composer, runner, fault);
        }
    }

    private void Deliver(StepComposer composer, IReadOnlyList<RowOutcome> outcomes)
    {
        foreach (RowOutcome outcome in outcomes)
        {
            // What was guessed may run beyond the end of a text.
            if (_entries.TryGetValue(outcome.SequenceId, out Entry? entry) && !entry.Sequence.IsDone)
            {
                entry.Events.Writer.TryWrite(entry.Sequence.Accept(outcome));
            }
        }

        foreach (ScheduledSequence sequence in composer.Running.ToArray())
        {
            sequence.Advance();
            if (sequence.IsDone)
            {
                End(composer, sequence, null);
            }
        }
    }

    private void FailStep(StepComposer composer, StepRunner runner, Exception fault)
    {
        string reason = fault is ObjectDisposedException ? Stopping : fault.Message;
        GrainsLog.StepFailed(log, Model, reason);
        composer.Failed(_request);
        bool isLoss = runner.Failure is not null;
        HashSet<long> inStep = [.. _request.Step.Rows.Select(row => row.SequenceId), .. _request.Opens.Select(opened => opened.SequenceId)];
        ModelUnavailableException told = new(ModelFault.Failed, reason);
        foreach (ScheduledSequence sequence in _entries.Values.Select(entry => entry.Sequence).ToArray())
        {
            sequence.Drop();
            Count(sequence.Endurance, isLoss, inStep.Contains(sequence.Id));
            if (fault is ObjectDisposedException || sequence.Endurance.IsOver)
            {
                End(composer, sequence, told);
            }
        }

        if (fault is not ObjectDisposedException)
        {
            Break();
        }
    }

    private static void Count(Endurance endurance, bool isLoss, bool isInStep)
    {
        if (isLoss)
        {
            endurance.Loss();
        }
        else
        {
            endurance.Fault(isInStep);
        }
    }

    // Nothing is stepped until there is another plan.
    private void Break()
    {
        if (!_isBroken)
        {
            _isBroken = true;
            _brokenSince = Stopwatch.GetTimestamp();
        }

        _ = GrainFactory.GetGrain<IModelGrain>(Model).ReportFailureAsync(_plan!.Version);
        KeepRunning();
    }

    // Boards may be planned anew already, as others have seen the loss as well: then this waits for that.
    private async Task RecoverAsync()
    {
        IModelGrain model = GrainFactory.GetGrain<IModelGrain>(Model);
        long begin = Stopwatch.GetTimestamp();
        await Task.Yield();
        while (_isBroken)
        {
            try
            {
                await model.ReportFailureAsync(_plan!.Version);
                await model.EnsureReadyAsync().WaitAsync(Endurance.MostWaiting);
                begin = Stopwatch.GetTimestamp();
                await (_isBroken ? Task.Delay(s_retry) : Task.CompletedTask);
            }
            catch (Exception fault)
            {
                bool isFinal = fault is ModelUnavailableException { Fault: not ModelFault.Failed };
                if (isFinal || _entries.Count == 0 || Stopwatch.GetElapsedTime(begin) >= options.Recovery)
                {
                    EndAll(fault as ModelUnavailableException ?? new ModelUnavailableException(ModelFault.Failed, fault.Message));
                    return;
                }

                GrainsLog.NotRecovered(log, Model, fault.Message);
                await Task.Delay(s_retry);
            }
        }
    }

    private void End(StepComposer composer, ScheduledSequence sequence, Exception? fault)
    {
        composer.Remove(sequence);
        if (_entries.Remove(sequence.Id, out Entry? entry))
        {
            entry.Events.Writer.Complete(fault);
        }
    }

    private void EndAll(ModelUnavailableException fault)
    {
        foreach (Entry entry in _entries.Values.ToArray())
        {
            End(_composer!, entry.Sequence, fault);
        }
    }

    private async Task SwitchAsync(PlanSwitch planSwitch)
    {
        try
        {
            Plan plan = planSwitch.Plan;
            await Task.WhenAll(planSwitch.MovedShards.Select(shard =>
                GrainFactory.GetGrain<INeuronShardGrain>($"{Model}/{shard}").CompleteMoveAsync()));
            LoadedModel model = models.Open(Model);
            StepRunner runner = await sessions.OpenAsync(model, plan);
            await Task.WhenAll(plan.Boards.Select(board => GrainFactory.GetGrain<IBoardGrain>(board).CommitPlanAsync(Model, plan.Version)));
            if (runner != _runner || _isBroken)
            {
                StartOver(model, plan, sameBoards: runner == _runner);
            }

            _runner = runner;
            _plan = plan;
            planSwitch.Done.SetResult();
        }
        catch (Exception fault)
        {
            if (_runner is { IsStopped: true })
            {
                Break(); // The boards that were joined are no more, and no others are.
            }

            planSwitch.Done.SetException(fault);
        }
    }

    // Other boards, or the same ones joined anew, have no KV of what is open; after a step that failed nobody knows who has how much.
    private void StartOver(LoadedModel model, Plan plan, bool sameBoards)
    {
        StepComposer composer = new(model.Limits, plan.KvPositions, _costs);
        if (_composer is not null)
        {
            composer.Succeed(_composer, sameBoards);
        }

        _composer = composer;
        int contextLength = Math.Min(model.Weights.Config.ContextLength, plan.KvPositions);
        Entry[] entries = [.. _entries.Values.OrderBy(entry => entry.Sequence.Id)];
        _entries.Clear();
        long tokens = 0;
        foreach (Entry entry in entries)
        {
            if (entry.Sequence.MaxLength > contextLength)
            {
                entry.Events.Writer.Complete(new ModelUnavailableException(
                    ModelFault.DoesNotFit, $"The boards of {Model} changed; those it has now keep {contextLength} positions, too few for this request."));
                continue;
            }

            tokens += entry.Sequence.Computed;
            _replayedSequences += entry.Sequence.Computed > 0 ? 1 : 0;
            entry.Sequence.Restart(++_lastSequence);
            _entries.Add(entry.Sequence.Id, entry);
            composer.Add(entry.Sequence);
        }

        _replayedTokens += tokens;
        if (_isBroken)
        {
            _isBroken = false;
            GrainsLog.Replaying(log, _entries.Count, Model, plan.Version, Stopwatch.GetElapsedTime(_brokenSince).TotalSeconds, tokens);
        }
    }

    private sealed record Entry(ScheduledSequence Sequence, Channel<TokenEvent> Events);

    private sealed record PlanSwitch(Plan Plan, string[] MovedShards, TaskCompletionSource Done);
}
