using Halo.Inference.Kernels;
using Halo.Inference.Model;
using Halo.Planning.Profiles;

namespace Halo.Boards;

/// <summary>Makes the planner's view of a model.</summary>
public static class ModelProfiles
{
    /// <summary>What the planner must know of a model; the same whether the layout was read from the file or from a manifest.</summary>
    /// <param name="name">The name under which the model is served.</param>
    /// <param name="layout">Its shape and groups.</param>
    /// <param name="limits">Sizes of a step.</param>
    public static ModelProfile Of(string name, ModelLayout layout, StepLimits limits)
    {
        ModelConfig config = layout.Config;
        long row = config.HiddenSize * 6L + (config.HeadCount + config.KvHeadCount) * 2L * config.HeadDim + config.IntermediateSize * 4L;
        return new ModelProfile
        {
            Name = name,
            LayerCount = config.LayerCount,
            HeadGroupCount = layout.HeadGroupCount,
            NeuronGroupCount = layout.NeuronGroupCount,
            TokenGroupCount = layout.TokenGroupCount,
            HeadGroupBytes = layout.HeadGroupBytes,
            NeuronGroupBytes = layout.NeuronGroupBytes,
            TokenGroupBytes = layout.TokenGroupBytes,
            KvBytesPerPosition = new KvLayout(limits.KvType, config.HeadDim).BytesPerPosition,
            BoardBytes = limits.MaxRows * row * sizeof(float),
            HeadBoardBytes = layout.EmbeddingBytes + (long)limits.MaxLogitRows * config.VocabularySize * sizeof(float),
            ContextLength = config.ContextLength,
        };
    }
}
