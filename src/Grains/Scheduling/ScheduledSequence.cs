using System.Runtime.InteropServices;
using Halo.Boards.Steps;
using Halo.Grains.Scheduling.Drafts;

namespace Halo.Grains.Scheduling;

/// <summary>One sequence as the scheduler sees it: its tokens so far and how many of them are in KV.</summary>
internal sealed class ScheduledSequence
{
    private readonly SequenceRequest _request;
    private readonly List<int> _tokens;
    private readonly Drafter? _drafter; // null where nothing is guessed
    private int _delivered; // the last position whose score or sample was given out

    /// <param name="id">Names it on the boards.</param>
    /// <param name="request">What is wanted.</param>
    /// <param name="contextLength">The most tokens.</param>
    /// <param name="drafter">Guesses tokens; null for none.</param>
    internal ScheduledSequence(long id, SequenceRequest request, int contextLength, Drafter? drafter = null)
    {
        Id = id;
        Endurance.GoOn();
        _request = request;
        _drafter = drafter;
        _tokens = [.. request.Tokens];
        MaxLength = (int)Math.Min(contextLength, (long)request.Tokens.Length + request.MaxTokens);
        Spec = MakeSpec();
    }

    /// <summary>Another one each time that the sequence starts over: boards may still hold what was computed under the one before.</summary>
    internal long Id { get; private set; }

    /// <summary>How often it may still start over.</summary>
    internal Endurance Endurance { get; } = new();

    /// <summary>What the head board must know to go on after the tokens so far.</summary>
    internal SequenceSpec Spec { get; private set; }

    /// <summary>Given tokens, then sampled ones.</summary>
    internal IReadOnlyList<int> Tokens => _tokens;

    /// <summary>Tokens when everything that was asked for is there. The last one never needs KV.</summary>
    internal int MaxLength { get; }

    /// <summary>Tokens whose KV is written.</summary>
    internal int Computed { get; set; }

    /// <summary>The most rows of this sequence in one step.</summary>
    internal int MostRows => _request.RowsPerStep ?? int.MaxValue;

    /// <summary>Rows of this sequence in the step that is under way.</summary>
    internal int InStep { get; set; }

    /// <summary>Tokens that still have to be computed before the next one is known.</summary>
    internal int Pending => Target - Computed;

    /// <summary>Whether boards hold rows beyond <see cref="Computed"/>, of guesses that were wrong, which must be cut off.</summary>
    internal bool HasTail { get; set; }

    internal bool IsPrefilling => Computed < _request.Tokens.Length;

    internal bool IsDone { get; private set; }

    // A sequence that is only scored has nothing to predict after its last token, so that one is not computed.
    private int Target => _request.MaxTokens == 0 ? _tokens.Count - 1 : _tokens.Count;

    /// <summary>Whether the logits of a row are wanted: to score the given token after it, or to sample.</summary>
    internal bool WantsLogits(int position)
    {
        int next = position + 1;
        return next < _request.Tokens.Length
            ? next > _delivered && _request.ScoreFrom is { } from && next >= from
            : next == _tokens.Count && _request.MaxTokens > 0;
    }

    /// <summary>Whether the step at hand gives this sequence's next token, so that more can be guessed after it.</summary>
    internal bool IsDecoding => InStep > 0 && InStep == Pending && _request.MaxTokens > 0;

    /// <summary>Whether guesses are wanted in the step at hand. A sequence under suspicion takes no risks.</summary>
    internal bool MayDraft => _drafter is not null && IsDecoding && Pending == 1 && _request.RowsPerStep is null && !Endurance.IsSuspect;

    /// <summary>Guesses in the step at hand.</summary>
    internal int DraftCount => _drafter?.Count ?? 0;

    /// <summary>Guesses tokens after the last one, for the step at hand; none where all that was asked for comes without.</summary>
    /// <param name="room">Rows that may be used.</param>
    /// <param name="cost">What a row costs, see <see cref="Drafter.Draft"/>.</param>
    internal ReadOnlySpan<int> Draft(int room, double? cost)
    {
        _drafter!.Draft(CollectionsMarshal.AsSpan(_tokens), Math.Min(room, MaxLength - 1 - _tokens.Count), cost);
        return _drafter.Tokens;
    }

    /// <summary>The given tokens whose KV may be taken from another sequence: not those whose logits are wanted.</summary>
    internal int ReusableLength => _request.ScoreFrom is { } from ? Math.Min(from - 1, _request.Tokens.Length - 1) : _request.Tokens.Length - 1;

    /// <summary>Takes in what became of a logit row.</summary>
    internal TokenEvent Accept(RowOutcome outcome)
    {
        int position = outcome.Position + 1;
        Endurance.Success();
        _delivered = position;
        if (position == _tokens.Count)
        {
            _tokens.Add(outcome.TokenId);
            IsDone = _tokens.Count >= MaxLength || _request.EndTokens.Contains(outcome.TokenId);
        }

        TokenScore[] top = outcome.Top is null ? [] : [.. outcome.Top.Select(token => new TokenScore(token.Token, token.LogProbability))];
        return new TokenEvent(position, outcome.TokenId, outcome.LogProbability, top);
    }

    /// <summary>Lets the sequence go on where nothing of it is in KV: its tokens so far are computed again.</summary>
    /// <param name="id">What it is called from here on.</param>
    internal void Restart(long id)
    {
        Id = id;
        Endurance.GoOn();
        Computed = 0;
        HasTail = false;
        Drop();
        Spec = MakeSpec();
    }

    /// <summary>Forgets the step at hand: it failed.</summary>
    internal void Drop()
    {
        InStep = 0;
        _drafter?.Drop();
    }

    /// <summary>Ends the step's part of this sequence.</summary>
    internal void Advance()
    {
        Computed += InStep;
        InStep = 0;
        if (_drafter is { Count: > 0 })
        {
            // The last token is never in KV; every one before it that came of this step was guessed.
            int accepted = _tokens.Count - 1 - Computed;
            Computed += accepted;
            HasTail = accepted < _drafter.Count;
            _drafter.Took(accepted);
        }

        IsDone |= _request.MaxTokens == 0 && Pending <= 0;
    }

    private SequenceSpec MakeSpec() => new()
    {
        SequenceId = Id,
        Tokens = [.. _tokens],
        SampledCount = _tokens.Count - _request.Tokens.Length,
        TopCount = _request.TopCount,
        Sampling = _request.Sampling.ToParameters(),
    };
}
