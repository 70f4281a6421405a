namespace Halo.Grains.Scheduling.Drafts;

/// <summary>
/// Decides how far to guess, by how often one sequence's guesses were right lately and by what a row costs. With a chance p for each guess, k of them
/// give <c>1 + p + p^2 + ... + p^k</c> tokens for the price of <c>1 + k * cost</c> steps; the k with the most tokens for its price is taken. Where that
/// is none, one guess is tried now and then: after 4 chances, 8, and so on up to 64, sooner again when one was right. Guesses after a longer run of
/// tokens that agree are better ones, so each length of run has its own count.
/// </summary>
internal sealed class DraftPace
{
    /// <summary>Guesses in one step at most.</summary>
    internal const int Most = 8;

    private const double Memory = 0.9; // each guess weighs so much of the one after it
    private const int ShortestRest = 4;
    private const int LongestRest = 64;

    private readonly Run[] _runs = [.. Enumerable.Range(NGramIndex.Shortest, NGramIndex.Longest - NGramIndex.Shortest + 1).Select(_ => new Run())];

    /// <summary>How far to guess.</summary>
    /// <param name="run">Tokens that agree with an earlier place.</param>
    /// <param name="most">Guesses for which there is room.</param>
    /// <param name="cost">What a row costs, as a share of the time that a token takes without guesses.</param>
    internal int Choose(int run, int most, double cost)
    {
        Run state = _runs[run - NGramIndex.Shortest];
        state.MayPay = cost < 1;
        int best = Best(state.Chance, Math.Min(most, Most), cost);
        if (best > 0)
        {
            return best;
        }

        if (most == 0 || state.Rest > 0)
        {
            state.Rest = Math.Max(0, state.Rest - 1);
            return 0;
        }

        state.Rest = state.NextRest;
        return 1;
    }

    /// <summary>Takes in what became of guesses.</summary>
    /// <param name="run">What they were chosen by.</param>
    /// <param name="drafted">Guesses.</param>
    /// <param name="accepted">Those that were right, up to the first that was not.</param>
    internal void Took(int run, int drafted, int accepted)
    {
        Run state = _runs[run - NGramIndex.Shortest];
        for (int guess = 0; guess < Math.Min(accepted + 1, drafted); guess++)
        {
            state.Right = Memory * state.Right + (guess < accepted ? 1 : 0);
            state.Made = Memory * state.Made + 1;
        }

        bool isNews = accepted > 0 && state.MayPay;
        state.NextRest = isNews ? Math.Max(state.NextRest / 4, ShortestRest) : Math.Min(state.NextRest * 2, LongestRest);
        state.Rest = isNews ? Math.Min(state.Rest, state.NextRest) : state.Rest;
    }

    private static int Best(double chance, int most, double cost)
    {
        (int best, double bestRate) = (0, 1);
        double tokens = 1;
        double reached = 1;
        for (int drafts = 1; drafts <= most; drafts++)
        {
            reached *= chance;
            tokens += reached;
            double rate = tokens / (1 + drafts * cost);
            (best, bestRate) = rate > bestRate ? (drafts, rate) : (best, bestRate);
        }

        return best;
    }

    private sealed class Run
    {
        internal double Right = 1; // one in two, until more is known
        internal double Made = 2;
        internal int Rest;         // chances to let pass before the next try
        internal int NextRest = ShortestRest;
        internal bool MayPay;      // whether guesses would, if all were right

        internal double Chance => Right / Made;
    }
}
