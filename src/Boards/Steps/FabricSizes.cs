using Halo.Fabric.Transport;
using Halo.Inference.Model;

namespace Halo.Boards.Steps;

/// <summary>How large the fabric must be for a model; the same on all boards.</summary>
public static class FabricSizes
{
    /// <summary>The sizes.</summary>
    /// <param name="config">The model's shape.</param>
    /// <param name="limits">Sizes of a step.</param>
    /// <param name="boardCount">Boards of the plan.</param>
    public static FabricSize Of(ModelConfig config, StepLimits limits, int boardCount) => new()
    {
        BoardCount = boardCount,
        StageCount = 2 * config.LayerCount,
        MaxRows = limits.MaxRows,
        MaxLogitRows = limits.MaxLogitRows,
        HiddenSize = config.HiddenSize,
        VocabularySize = config.VocabularySize,
        AnnouncementBytes = StepCodec.MaxBytes(limits, config.HiddenSize),
    };
}
