namespace Halo.Fabric.Transport;

/// <summary>How large a fabric's buffers must be. All counts are at least 1.</summary>
public sealed record FabricSize
{
    /// <summary>Boards on the fabric.</summary>
    public required int BoardCount { get; init; }

    /// <summary>Stages of a step: two a layer.</summary>
    public required int StageCount { get; init; }

    /// <summary>Most rows in one step.</summary>
    public required int MaxRows { get; init; }

    /// <summary>Most rows of one step whose logits are wanted.</summary>
    public required int MaxLogitRows { get; init; }

    /// <summary>Elements of one row of the residual stream.</summary>
    public required int HiddenSize { get; init; }

    /// <summary>Tokens of the vocabulary.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>Longest announcement in bytes.</summary>
    public required int AnnouncementBytes { get; init; }
}
