using System.Runtime.InteropServices;
using Halo.Inference.Model.Architectures;

namespace Halo.Inference.Model.Pieces;

/// <summary>Turns the vectors that a manifest claims into a model's, or says why they are none. The model's shape was checked before.</summary>
internal static class VectorCheck
{
    private static readonly Dictionary<string, LayerVector> s_kinds = LayerVectors.Kinds.ToDictionary(kind => kind.ToString(), StringComparer.Ordinal);

    internal static ModelVectors Vectors(ManifestDocument document, ModelConfig config)
    {
        ManifestCheck.Require(
            document.Vectors.Length == config.LayerCount, $"vectors are given for {document.Vectors.Length} of {config.LayerCount} layers");
        bool hasBias = config.Description.Norm == NormKind.Layer;
        ManifestCheck.Require(
            document.OutputNormBias.Length > 0 == hasBias, $"outputNormBias does not suit architecture '{config.Architecture}'");
        return new ModelVectors(
            config,
            [.. document.Vectors.Select((vectors, layer) => Layer(vectors ?? [], config, layer))],
            Floats(document.OutputNorm, config.HiddenSize, "outputNorm"),
            hasBias ? Floats(document.OutputNormBias, config.HiddenSize, "outputNormBias") : null,
            Rope(document, config));
    }

    private static LayerVectors Layer(Dictionary<string, byte[]?> vectors, ModelConfig config, int layer)
    {
        Dictionary<LayerVector, float[]> values = [];
        foreach ((string name, byte[]? bytes) in vectors)
        {
            bool isKnown = s_kinds.TryGetValue(name, out LayerVector kind)
                && (config.Description.Required | config.Description.Optional).HasFlag(kind);
            ManifestCheck.Require(isKnown, $"vector '{name}' of layer {layer} is none of architecture '{config.Architecture}'");
            values[kind] = Floats(bytes ?? [], LayerVectors.Width(config, kind), $"vectors[{layer}].{name}");
        }

        foreach (LayerVector kind in LayerVectors.Kinds.Where(kind => config.Description.Required.HasFlag(kind)))
        {
            ManifestCheck.Require(values.ContainsKey(kind), $"layer {layer} has no vector '{kind}'");
        }

        return new LayerVectors(values);
    }

    private static RopeFrequencies Rope(ManifestDocument document, ModelConfig config)
    {
        float[] frequencies = Floats(document.RopeFrequencies, config.RotaryDim / 2, "ropeFrequencies");
        ManifestCheck.Require(
            Array.TrueForAll(frequencies, frequency => frequency is >= 0 and < float.MaxValue), $"ropeFrequencies has one that is no frequency");
        ManifestCheck.Require(
            document.RopeMagnitude is > 0 and < float.MaxValue, $"ropeMagnitude is {document.RopeMagnitude}; a number above 0 is needed");
        return new RopeFrequencies(frequencies, document.RopeMagnitude);
    }

    private static float[] Floats(byte[] bytes, int count, string name)
    {
        ManifestCheck.Require(bytes.Length == (long)count * sizeof(float), $"{name} has {bytes.Length} bytes, not {count} numbers of 4");
        return MemoryMarshal.Cast<byte, float>(bytes).ToArray();
    }
}
