using System.Runtime.InteropServices;
using Halo.Boards.Steps;
using Halo.Grains.Scheduling.Drafts;
using Halo.Inference.Model;

namespace Halo.Grains.Scheduling;

/// <summary>
/// Decides what goes into the next step. Sequences that decode come first, one row each; what is left of the step is filled with prompts, in the
/// order of arrival. A sequence is admitted when the KV for its greatest length is free, so nothing that runs is ever pushed out. A prompt
/// that begins like another sequence takes that part of the KV over instead of computing it again. Those of a step that failed for a reason of its
/// own have steps to themselves, one after the other, until they get on: so it shows whose fault it was. What room is left then is for tokens that are
/// guessed after those that decode.
/// </summary>
/// <param name="limits">Sizes of a step.</param>
/// <param name="kvPositions">Positions of KV for all sequences together.</param>
/// <param name="costs">What steps take; null where nothing is known of it.</param>
internal sealed class StepComposer(StepLimits limits, int kvPositions, StepCost? costs = null)
{
    // Below this a copy is hardly cheaper than computing.
    private const int ShortestReuse = 16;

    private readonly List<ScheduledSequence> _waiting = [];
    private readonly List<ScheduledSequence> _running = [];
    private readonly List<long> _releases = [];
    private readonly List<long> _failedReleases = []; // were in a step that failed; they make no step of their own
    private readonly StepCost _costs = costs ?? new StepCost();
    private readonly int _kvBlocks = KvBlockPool.BlocksFor(kvPositions);
    private int _reservedBlocks;

    internal int RunningCount => _running.Count;

    internal int WaitingCount => _waiting.Count;

    internal long ReusedPositions { get; private set; }

    internal bool HasWork => _running.Count > 0 || _waiting.Count > 0 || _releases.Count > 0;

    internal IReadOnlyList<ScheduledSequence> Running => _running;

    internal void Add(ScheduledSequence sequence) => _waiting.Add(sequence);

    /// <summary>Takes a sequence out; its KV is given back with the next step.</summary>
    internal void Remove(ScheduledSequence sequence)
    {
        if (!_waiting.Remove(sequence) && _running.Remove(sequence))
        {
            _reservedBlocks -= KvBlockPool.BlocksFor(sequence.MaxLength);
            _releases.Add(sequence.Id);
        }
    }

    /// <summary>
    /// Takes note that a step failed: boards that could not take it up have not released anything. Its releases go along with the next step;
    /// a board that knows a sequence no more ignores them.
    /// </summary>
    internal void Failed(StepRequest request) => _failedReleases.AddRange(request.Step.Releases);

    /// <summary>Takes the place of another composer, whose sequences start over here under other ids.</summary>
    /// <param name="before">The other one, of no use from here on.</param>
    /// <param name="sameBoards">Whether the boards have what was computed before, so that it must be released.</param>
    internal void Succeed(StepComposer before, bool sameBoards)
    {
        ReusedPositions = before.ReusedPositions;
        if (sameBoards)
        {
            _releases.AddRange(before._running.Select(sequence => sequence.Id).Concat(before._releases));
            _failedReleases.AddRange(before._failedReleases);
        }
    }

    /// <summary>Fills a step; false where there is nothing to do.</summary>
    internal bool TryCompose(StepRequest request)
    {
        request.Clear();
        Step step = request.Step;
        if (!HasWork)
        {
            return false;
        }

        TakeReleases(step, _releases);
        TakeReleases(step, _failedReleases);
        ScheduledSequence? suspect = _running.Concat(_waiting).FirstOrDefault(sequence => sequence.Endurance.IsSuspect);
        Admit(request, suspect);
        bool isAlone = suspect is not null && _running.Contains(suspect);
        foreach (ScheduledSequence sequence in _running.Where(sequence => sequence.Pending == 1 && (!isAlone || sequence == suspect)))
        {
            AddRows(step, sequence);
        }

        foreach (ScheduledSequence sequence in _running.Where(sequence => sequence.Pending > 1 && (!isAlone || sequence == suspect)))
        {
            AddRows(step, sequence);
        }

        AddDrafts(step);

        // A sequence that opens without a row, as there is nothing to compute for it, ends with its step.
        return step.Rows.Count > 0 || step.Releases.Count > 0 || request.Opens.Count > 0;
    }

    /// <summary>Takes in what a step took. Rows without logits cost less, and so say nothing of guesses.</summary>
    internal void Took(Step step, TimeSpan time)
    {
        if (step.Rows.Count > 0 && step.LogitRows.Count == step.Rows.Count)
        {
            _costs.Took(step.Rows.Count, _running.Sum(sequence => sequence.DraftCount), time.TotalSeconds);
        }
    }

    // No more than a step has room for; what failed before waits for a later one.
    private void TakeReleases(Step step, List<long> releases)
    {
        int count = Math.Min(releases.Count, limits.MaxSequences - step.Releases.Count);
        step.Releases.AddRange(releases.GetRange(0, count));
        releases.RemoveRange(0, count);
    }

    private void Admit(StepRequest request, ScheduledSequence? suspect)
    {
        for (int i = 0; i < _waiting.Count && _running.Count < limits.MaxSequences;)
        {
            ScheduledSequence sequence = _waiting[i];
            if (suspect is not null && sequence != suspect)
            {
                i++;
                continue;
            }

            int blocks = KvBlockPool.BlocksFor(sequence.MaxLength);
            if (_reservedBlocks + blocks > _kvBlocks)
            {
                return; // First come, first served: a smaller one behind does not overtake.
            }

            (ScheduledSequence? source, int shared) = suspect is null ? FindSharedBeginning(sequence) : (null, 0);
            if (source is not null && source.Computed < shared)
            {
                i++; // Its beginning is being computed for another one right now: taking that over is cheaper than doing it twice.
                continue;
            }

            _waiting.RemoveAt(i);
            _running.Add(sequence);
            _reservedBlocks += blocks;
            request.Opens.Add(sequence.Spec);
            if (source is not null)
            {
                request.Step.Forks.Add(new StepFork(source.Id, sequence.Id, shared));
                sequence.Computed = shared;
                ReusedPositions += shared;
            }
        }
    }

    private (ScheduledSequence? Source, int Shared) FindSharedBeginning(ScheduledSequence sequence)
    {
        ScheduledSequence? best = null;
        int longest = ShortestReuse - 1;
        foreach (ScheduledSequence candidate in _running)
        {
            int shared = Math.Min(sequence.ReusableLength, CommonLength(sequence.Tokens, candidate.Tokens));
            shared = Math.Min(shared, candidate.Computed + Math.Max(0, candidate.Pending));
            if (shared > longest)
            {
                (best, longest) = (candidate, shared);
            }
        }

        return best is null ? (null, 0) : (best, longest);
    }

    private static int CommonLength(IReadOnlyList<int> a, IReadOnlyList<int> b) =>
        CollectionsMarshal.AsSpan((List<int>)a).CommonPrefixLength(CollectionsMarshal.AsSpan((List<int>)b));

    private void AddRows(Step step, ScheduledSequence sequence)
    {
        int room = Math.Min(sequence.MostRows, limits.MaxRows - step.Rows.Count);
        if (room > 0 && sequence.HasTail)
        {
            step.Truncations.Add(new StepTruncation(sequence.Id, sequence.Computed));
            sequence.HasTail = false;
        }

        for (int i = 0; i < sequence.Pending && i < room; i++)
        {
            int position = sequence.Computed + i;
            if (sequence.WantsLogits(position))
            {
                if (step.LogitRows.Count == limits.MaxLogitRows)
                {
                    return;
                }

                step.LogitRows.Add(step.Rows.Count);
            }

            step.Rows.Add(new StepRow(sequence.Id, position, sequence.Tokens[position]));
            sequence.InStep = i + 1;
        }
    }

    // The room that is left is shared out alike. Logits are wanted of every guess: they tell whether the next one was right.
    private void AddDrafts(Step step)
    {
        ScheduledSequence[] drafting = [.. _running.Where(sequence => sequence.MayDraft)];
        if (drafting.Length == 0)
        {
            return;
        }

        double? cost = _costs.WantsPlain ? null : _costs.OfRow(step.Rows.Count, _running.Count(sequence => sequence.IsDecoding));
        for (int i = 0; i < drafting.Length; i++)
        {
            ScheduledSequence sequence = drafting[i];
            int room = Math.Min(limits.MaxRows - step.Rows.Count, limits.MaxLogitRows - step.LogitRows.Count) / (drafting.Length - i);
            int position = sequence.Tokens.Count;
            foreach (int token in sequence.Draft(room, cost))
            {
                step.LogitRows.Add(step.Rows.Count);
                step.Rows.Add(new StepRow(sequence.Id, position++, token));
            }
        }
    }
}
