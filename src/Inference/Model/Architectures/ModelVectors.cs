namespace Halo.Inference.Model.Architectures;

/// <summary>All of a model that is no matrix. Every board holds it; it is a thousandth of the model.</summary>
internal sealed class ModelVectors
{
    internal ModelVectors(ModelConfig config, IReadOnlyList<LayerVectors> layers, float[] outputNorm, float[]? outputNormBias, RopeFrequencies rope)
    {
        Layers = layers;
        OutputNorm = outputNorm;
        OutputNormBias = outputNormBias;
        Rope = rope;
        Norms = new ModelNorms(config, layers, outputNorm, outputNormBias);
    }

    internal IReadOnlyList<LayerVectors> Layers { get; }

    internal float[] OutputNorm { get; }

    internal float[]? OutputNormBias { get; }

    internal RopeFrequencies Rope { get; }

    /// <summary>The norms of all stages, made of the vectors.</summary>
    internal ModelNorms Norms { get; }
}
