namespace Halo.Grains.Scheduling.Drafts;

/// <summary>
/// What steps of one model take, and how much of that is a further row: where weights are read from slow memory, or sums cross a slow network, next to
/// nothing; where boards compute, much. Running means of steps in which every row has logits. Counts guesses, too.
/// </summary>
internal sealed class StepCost
{
    private const double FirstGuess = 0.25; // a row's share of a step, until one was measured
    private const double StepMemory = 1 / 16.0;
    private const double RowMemory = 1 / 8.0;
    private const int FewestPlain = 3;      // steps without guesses, before there are any with: the first of a process are slow
    private const int PlainEvery = 32;      // steps, at least
    private const double Outlier = 3;       // times the mean: one pause of the machine is no news

    private double _rows;       // mean of steps without guesses
    private double _seconds;    // the same
    private double _rowSeconds; // mean cost of a guess
    private long _steps;        // without guesses
    private long _draftSteps;
    private int _sincePlain;

    /// <summary>Tokens that were guessed and computed.</summary>
    internal long Drafted { get; private set; }

    /// <summary>Those of them that were what would have been sampled.</summary>
    internal long Accepted { get; private set; }

    /// <summary>Whether a step without guesses is wanted, for comparison.</summary>
    internal bool WantsPlain => _steps < FewestPlain || _sincePlain >= PlainEvery;

    /// <summary>Takes in what became of a sequence's guesses.</summary>
    internal void Count(int drafted, int accepted)
    {
        Drafted += drafted;
        Accepted += accepted;
    }

    /// <summary>Takes in what a step took.</summary>
    /// <param name="rows">Its rows, all with logits.</param>
    /// <param name="drafts">Those of them that were guesses.</param>
    /// <param name="seconds">Its time.</param>
    internal void Took(int rows, int drafts, double seconds)
    {
        _sincePlain = drafts == 0 ? 0 : _sincePlain + 1;
        if (drafts == 0)
        {
            double share = Math.Max(StepMemory, 1.0 / ++_steps);
            double time = _steps > 1 ? Math.Min(seconds, Outlier * Of(rows)) : seconds;
            _rows += share * (rows - _rows);
            _seconds += share * (time - _seconds);
        }
        else if (_steps > 0)
        {
            double usual = Of(rows - drafts);
            double row = Math.Clamp((seconds - usual) / drafts, 0, Outlier * usual);
            double share = Math.Max(RowMemory, 1.0 / ++_draftSteps);
            _rowSeconds += share * (row - _rowSeconds);
        }
    }

    /// <summary>What one more row costs, as a share of the time that a token takes.</summary>
    /// <param name="rows">Rows of the step without guesses.</param>
    /// <param name="tokens">Tokens that come of it.</param>
    internal double OfRow(int rows, int tokens)
    {
        double step = Of(rows);
        return _draftSteps == 0 || step <= 0 ? FirstGuess : _rowSeconds * tokens / step;
    }

    private double Of(int rows) => Math.Max(_seconds + (rows - _rows) * _rowSeconds, _seconds / 8);
}
