namespace Halo.Planning.Importance;

/// <summary>
/// What calibration has learned of a model: how much each group adds to its stage, on texts of the kind that the model is used for. It belongs to
/// one model file.
/// </summary>
public sealed record ModelImportance
{
    /// <summary>SHA-256 of the model file, in lower-case hexadecimal digits.</summary>
    public required string ModelHash { get; init; }

    /// <summary>Elements of the residual stream.</summary>
    public required int HiddenSize { get; init; }

    /// <summary>The stages in the order of a step: attention of layer l is 2l, feed-forward 2l + 1.</summary>
    public required IReadOnlyList<StageImportance> Stages { get; init; }

    /// <summary>Refuses what a file could not hold.</summary>
    /// <exception cref="ArgumentException">A size does not fit, the hash is none, or a number is not finite.</exception>
    internal void Check()
    {
        Require(ModelHash.Length == 2 * ImportanceFile.HashBytes && ModelHash.All(char.IsAsciiHexDigitLower), "The model's hash is no SHA-256.");
        Require(HiddenSize is >= 1 and <= ImportanceFile.MostHidden, $"The hidden size is {HiddenSize}.");
        Require(
            Stages.Count is >= 2 and <= ImportanceFile.MostStages && Stages.Count % 2 == 0, $"There are {Stages.Count} stages; a layer has two.");
        for (int i = 0; i < Stages.Count; i++)
        {
            Check(Stages[i], i);
        }
    }

    private void Check(StageImportance stage, int index)
    {
        int groups = stage.GroupCount;
        Require(groups is >= 1 and <= ImportanceFile.MostGroups, $"Stage {index} has {groups} groups.");
        Require(stage.Mean.All(mean => float.IsFinite(mean) && mean >= 0), $"A mean importance of stage {index} is no number from 0.");
        Require(
            stage.MeanParts.IsEmpty || stage.MeanParts.Length == (long)groups * HiddenSize,
            $"Stage {index} has {stage.MeanParts.Length} numbers of mean parts for {groups} groups.");
        Require(FiniteNumbers.All(stage.MeanParts.Span), $"A mean part of stage {index} is not finite.");
        Require(float.IsFinite(stage.Sensitivity), $"The sensitivity of stage {index} is not finite.");
        foreach (GroupPredictor predictor in new[] { stage.Predictor, stage.EarlyPredictor }.OfType<GroupPredictor>())
        {
            Require(
                predictor.GroupCount == groups && predictor.InputSize == HiddenSize && predictor.IsWhole == (predictor.Rank == groups)
                    && predictor.Rank <= groups,
                $"A predictor of stage {index} maps {predictor.InputSize} inputs to {predictor.GroupCount} groups with rank {predictor.Rank}.");
        }

        Require(
            stage.Surrogates.Count == 0
                || (stage.Surrogates.Count == groups && stage.Surrogates.All(one => one.Width == HiddenSize && one.Rank == stage.Surrogates[0].Rank)),
            $"The surrogates of stage {index} are not one for each group, all of one rank and of the hidden size.");
    }

    private static void Require(bool holds, string fault)
    {
        if (!holds)
        {
            throw new ArgumentException($"This importance cannot be written: {fault}");
        }
    }
}
