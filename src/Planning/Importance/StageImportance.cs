namespace Halo.Planning.Importance;

/// <summary>What calibration has learned of one stage.</summary>
public sealed record StageImportance
{
    /// <summary>
    /// The importance of each group, in the order of the groups: the mean over tokens of <c>||y_g|| / ||y||</c>, where <c>y_g</c> is the group's part
    /// of the stage's output <c>y</c>. The static ranking.
    /// </summary>
    public required IReadOnlyList<float> Mean { get; init; }

    /// <summary>
    /// Mean over tokens of each group's part <c>y_g</c>, row-major (groups, hiddenSize): what to add in place of a part that is missing. Empty where
    /// it is not known.
    /// </summary>
    public ReadOnlyMemory<float> MeanParts { get; init; }

    /// <summary>Guesses the groups' importance from the stage's own normalised input.</summary>
    public GroupPredictor? Predictor { get; init; }

    /// <summary>
    /// Of a feed-forward stage: guesses half a layer ahead, from the normalised input of the same layer's attention, which is the residual stream
    /// before that attention up to the norm's scale.
    /// </summary>
    public GroupPredictor? EarlyPredictor { get; init; }

    /// <summary>Cheap stand-ins for each group's part, in the order of the groups; empty where there are none.</summary>
    public IReadOnlyList<GroupSurrogate> Surrogates { get; init; } = [];

    /// <summary>
    /// How much the model suffers without a quarter of this stage's groups, those that the predictor holds least important for each token: the
    /// perplexity then, divided by the perplexity as it is, less 1. 0 where it was not measured; noise can make it negative.
    /// </summary>
    public float Sensitivity { get; init; }

    /// <summary>Groups of the stage.</summary>
    public int GroupCount => Mean.Count;

    /// <summary>The groups, most important on average first; of equal ones the lower number first.</summary>
    public int[] Ranking()
    {
        int[] order = new int[GroupCount];
        ImportanceMass.Rank([.. Mean], order);
        return order;
    }

    /// <summary>A group's mean part: hiddenSize floats.</summary>
    /// <exception cref="InvalidOperationException">The mean parts are not known.</exception>
    public ReadOnlySpan<float> MeanPart(int group)
    {
        if (MeanParts.IsEmpty)
        {
            throw new InvalidOperationException("This stage has no mean parts; calibrate the model anew.");
        }

        int hiddenSize = MeanParts.Length / GroupCount;
        return MeanParts.Span.Slice(group * hiddenSize, hiddenSize);
    }
}
