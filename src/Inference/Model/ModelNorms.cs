using Halo.Inference.Model.Architectures;

namespace Halo.Inference.Model;

/// <summary>The norms before every stage and before the LM head, which every board holds.</summary>
public sealed class ModelNorms
{
    private readonly StageNorm[] _stages;

    internal ModelNorms(ModelConfig config, IReadOnlyList<LayerVectors> layers, float[] output, float[]? outputBias)
    {
        NormKind kind = config.Description.Norm;
        _stages = new StageNorm[2 * layers.Count];
        float[] offset = [];
        for (int layer = 0; layer < layers.Count; layer++)
        {
            LayerVectors own = layers[layer];
            _stages[2 * layer] = new StageNorm(
                kind, own[LayerVector.AttentionNorm]!, own[LayerVector.AttentionNormBias], offset, config.NormEpsilon);
            offset = Add(offset, own[LayerVector.OutputBias]);
            _stages[(2 * layer) + 1] = new StageNorm(
                kind, own[LayerVector.FeedForwardNorm]!, own[LayerVector.FeedForwardNormBias], offset, config.NormEpsilon);
            offset = Add(offset, own[LayerVector.DownBias]);
        }

        Output = new StageNorm(kind, output, outputBias, offset, config.NormEpsilon);
    }

    /// <summary>The norm before the LM head.</summary>
    public StageNorm Output { get; }

    /// <summary>The norm before a stage: attention of layer l is stage 2l, feed-forward 2l + 1.</summary>
    public StageNorm OfStage(int stage) => _stages[stage];

    private static float[] Add(float[] offset, float[]? bias)
    {
        if (bias is null)
        {
            return offset;
        }

        return offset.Length == 0 ? bias : [.. offset.Zip(bias, (sum, value) => sum + value)];
    }
}
