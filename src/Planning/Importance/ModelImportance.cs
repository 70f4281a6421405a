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
}
