using Halo.Inference.Gguf;

namespace Halo.Inference.Model.Architectures;

/// <summary>Reads a model's vectors from its file.</summary>
internal static class VectorReader
{
    /// <summary>Reads and checks all of them.</summary>
    /// <exception cref="GgufFormatException">One is missing or has another width than the metadata says; the message names it.</exception>
    internal static ModelVectors Read(GgufMetadata metadata, ModelTensors tensors, ModelConfig config)
    {
        LayerVectors[] layers = [.. Enumerable.Range(0, config.LayerCount).Select(layer => ReadLayer(tensors, config, layer))];
        bool hasBias = config.Description.Norm == NormKind.Layer;
        return new ModelVectors(
            config,
            layers,
            tensors.Vector("output_norm.weight", config.HiddenSize, isRequired: true)!,
            hasBias ? tensors.Vector("output_norm.bias", config.HiddenSize, isRequired: true) : null,
            RopeScaling.Read(metadata, tensors, config));
    }

    private static LayerVectors ReadLayer(ModelTensors tensors, ModelConfig config, int layer)
    {
        ArchitectureDescription description = config.Description;
        Dictionary<LayerVector, float[]> values = [];
        foreach (LayerVector kind in LayerVectors.Kinds)
        {
            bool isFused = description.FusedQueryKeyValue && LayerVector.QueryKeyValueBiases.HasFlag(kind);
            bool isRequired = description.Required.HasFlag(kind);
            if (!isFused && (isRequired || description.Optional.HasFlag(kind))
                && tensors.Vector($"blk.{layer}.{NameOf(kind)}", LayerVectors.Width(config, kind), isRequired) is { } vector)
            {
                values[kind] = vector;
            }
        }

        if (description.FusedQueryKeyValue && description.Required.HasFlag(LayerVector.QueryKeyValueBiases))
        {
            SplitBias(tensors, config, layer, values);
        }

        return new LayerVectors(values);
    }

    // Queries, keys and values of one tensor have one bias, in the same order.
    private static void SplitBias(ModelTensors tensors, ModelConfig config, int layer, Dictionary<LayerVector, float[]> values)
    {
        LayerVector[] kinds = [LayerVector.QueryBias, LayerVector.KeyBias, LayerVector.ValueBias];
        float[] all = tensors.Vector($"blk.{layer}.attn_qkv.bias", kinds.Sum(kind => LayerVectors.Width(config, kind)), isRequired: true)!;
        int start = 0;
        foreach (LayerVector kind in kinds)
        {
            int width = LayerVectors.Width(config, kind);
            values[kind] = all[start..(start + width)];
            start += width;
        }
    }

    private static string NameOf(LayerVector kind) => kind switch
    {
        LayerVector.AttentionNorm => "attn_norm.weight",
        LayerVector.AttentionNormBias => "attn_norm.bias",
        LayerVector.FeedForwardNorm => "ffn_norm.weight",
        LayerVector.FeedForwardNormBias => "ffn_norm.bias",
        LayerVector.QueryBias => "attn_q.bias",
        LayerVector.KeyBias => "attn_k.bias",
        LayerVector.ValueBias => "attn_v.bias",
        LayerVector.QueryNorm => "attn_q_norm.weight",
        LayerVector.KeyNorm => "attn_k_norm.weight",
        LayerVector.OutputBias => "attn_output.bias",
        LayerVector.GateBias => "ffn_gate.bias",
        LayerVector.UpBias => "ffn_up.bias",
        LayerVector.DownBias => "ffn_down.bias",
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };
}
