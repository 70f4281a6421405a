namespace Halo.Inference.Model.Architectures;

/// <summary>The vectors that one layer has.</summary>
internal sealed class LayerVectors
{
    private static readonly LayerVector[] s_kinds = [.. Enum.GetValues<LayerVector>().Where(kind => int.IsPow2((int)kind))];

    private readonly Dictionary<LayerVector, float[]> _values;

    internal LayerVectors(Dictionary<LayerVector, float[]> values) => _values = values;

    /// <summary>Every kind on its own.</summary>
    internal static IReadOnlyList<LayerVector> Kinds => s_kinds;

    /// <summary>A vector; null where the layer has none of that kind.</summary>
    internal float[]? this[LayerVector kind] => _values.GetValueOrDefault(kind);

    /// <summary>Elements that a vector must have.</summary>
    internal static int Width(ModelConfig config, LayerVector kind) => kind switch
    {
        LayerVector.QueryBias => config.HeadCount * config.HeadDim,
        LayerVector.KeyBias or LayerVector.ValueBias => config.KvHeadCount * config.HeadDim,
        LayerVector.QueryNorm or LayerVector.KeyNorm => config.HeadDim,
        LayerVector.GateBias or LayerVector.UpBias => config.IntermediateSize,
        _ => config.HiddenSize,
    };

    /// <summary>What head groups [first, first + count) do to their queries, keys and values.</summary>
    internal HeadVectors Heads(ModelConfig config, int first, int count) => new(
        config.HeadDim,
        config.NormEpsilon,
        Part(LayerVector.QueryBias, first * config.GroupWidth, count * config.GroupWidth),
        Part(LayerVector.KeyBias, first * config.HeadDim, count * config.HeadDim),
        Part(LayerVector.ValueBias, first * config.HeadDim, count * config.HeadDim),
        this[LayerVector.QueryNorm] ?? [],
        this[LayerVector.KeyNorm] ?? []);

    /// <summary>The biases of neurons [first, first + count).</summary>
    internal NeuronBiases Neurons(int first, int count) =>
        new(Part(LayerVector.GateBias, first, count), Part(LayerVector.UpBias, first, count));

    private float[] Part(LayerVector kind, int first, int count) => this[kind] is { } all ? all.AsSpan(first, count).ToArray() : [];
}
