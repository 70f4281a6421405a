namespace Halo.Cli.Calibrate;

/// <summary>A way to tell which groups matter for a token.</summary>
internal enum Choice
{
    /// <summary>The same order for every token: by mean importance.</summary>
    Static,

    /// <summary>The predictor half a layer ahead; feed-forwards only.</summary>
    Early,

    /// <summary>The predictor from the stage's own input.</summary>
    Same,

    /// <summary>CATS, no training: the sum over the group's neurons of |silu(gate)|; the gate's product must be there; feed-forwards only.</summary>
    Cats,

    /// <summary>TEAL, no training: the sum over the group of |h|, the magnitudes that the last matrix multiplies; all products but the last must be there.</summary>
    Teal,

    /// <summary>The importance itself, known only when all is computed: the bound.</summary>
    Oracle,
}

/// <summary>How well each way chose, over the tokens measured; NaN where a stage has no such way.</summary>
/// <param name="Mass">Mass captured with half of the groups, by <see cref="Choice"/>.</param>
/// <param name="Recall">Share of the critical set found with a set of its size, by <see cref="Choice"/>.</param>
/// <param name="CriticalShare">Mean size of the critical set, as a share of the groups.</param>
internal sealed record ChoiceScores(double[] Mass, double[] Recall, double CriticalShare);
