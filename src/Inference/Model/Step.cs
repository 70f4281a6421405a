namespace Halo.Inference.Model;

/// <summary>One token of one sequence in a step.</summary>
/// <param name="SequenceId">The sequence.</param>
/// <param name="Position">The token's position in its sequence, from 0; rows of a sequence follow on its length without a gap.</param>
/// <param name="TokenId">The token.</param>
public readonly record struct StepRow(long SequenceId, int Position, int TokenId);

/// <summary>Cuts a sequence's KV back to a length.</summary>
/// <param name="SequenceId">The sequence.</param>
/// <param name="Length">Positions that stay.</param>
public readonly record struct StepTruncation(long SequenceId, int Length);

/// <summary>Starts a sequence as a copy of another one's beginning.</summary>
/// <param name="From">The sequence that is copied.</param>
/// <param name="To">The new sequence; one of that name is replaced.</param>
/// <param name="Length">Positions that are copied.</param>
public readonly record struct StepFork(long From, long To, int Length);

/// <summary>
/// The one shape of all work that boards do for tokens: decoding, prefill chunks, batches, verification with rollback, reuse of prefixes and
/// cancellation. Releases come first, then truncations, then forks, then rows. Every board walks every step.
/// </summary>
public sealed class Step
{
    /// <summary>The plan under which the boards compute.</summary>
    public int PlanVersion { get; set; }

    /// <summary>The step's number, counted by the head board.</summary>
    public long StepNumber { get; set; }

    /// <summary>The tokens to compute; rows of several sequences mix freely.</summary>
    public List<StepRow> Rows { get; } = [];

    /// <summary>Indices into <see cref="Rows"/>, ascending, of the rows whose logits are wanted.</summary>
    public List<int> LogitRows { get; } = [];

    /// <summary>Sequences whose KV is given back; unknown ones are ignored.</summary>
    public List<long> Releases { get; } = [];

    /// <summary>Sequences that are cut back.</summary>
    public List<StepTruncation> Truncations { get; } = [];

    /// <summary>Sequences that start as copies.</summary>
    public List<StepFork> Forks { get; } = [];

    /// <summary>Empties the step so that it can be filled again.</summary>
    public void Clear()
    {
        Rows.Clear();
        LogitRows.Clear();
        Releases.Clear();
        Truncations.Clear();
        Forks.Clear();
    }
}
