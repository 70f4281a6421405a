using Halo.Inference.Gguf;
using Halo.Inference.Quantization;

namespace Halo.Inference.Tests.Model;

/// <summary>A tiny LLaMA file, of zeros unless filled, whose metadata and tensors can be spoiled before it is written: 2 layers, 4 heads over 2 KV heads of 8.</summary>
internal sealed class MadeModel
{
    internal const int HiddenSize = 32;
    internal const int IntermediateSize = 64;
    internal const int VocabularySize = 40;

    internal Dictionary<string, object> Metadata { get; } = new()
    {
        ["general.architecture"] = "llama",
        ["llama.embedding_length"] = (uint)HiddenSize,
        ["llama.feed_forward_length"] = (uint)IntermediateSize,
        ["llama.block_count"] = 2u,
        ["llama.attention.head_count"] = 4u,
        ["llama.attention.head_count_kv"] = 2u,
        ["llama.context_length"] = 64u,
        ["llama.attention.layer_norm_rms_epsilon"] = 1e-5f,
        ["llama.rope.freq_base"] = 10_000f,
    };

    internal Dictionary<string, (long[] Dimensions, TensorType Type)> Tensors { get; } = [];

    /// <summary>Writes the tensors' bytes; nothing leaves them zero.</summary>
    internal Action<byte[]>? Fill { get; init; }

    internal MadeModel()
    {
        Add("token_embd", HiddenSize, VocabularySize);
        Add("output_norm", HiddenSize);
        for (int layer = 0; layer < 2; layer++)
        {
            Add($"blk.{layer}.attn_norm", HiddenSize);
            Add($"blk.{layer}.attn_q", HiddenSize, HiddenSize);
            Add($"blk.{layer}.attn_k", HiddenSize, HiddenSize / 2);
            Add($"blk.{layer}.attn_v", HiddenSize, HiddenSize / 2);
            Add($"blk.{layer}.attn_output", HiddenSize, HiddenSize);
            Add($"blk.{layer}.ffn_norm", HiddenSize);
            Add($"blk.{layer}.ffn_gate", HiddenSize, IntermediateSize);
            Add($"blk.{layer}.ffn_up", HiddenSize, IntermediateSize);
            Add($"blk.{layer}.ffn_down", IntermediateSize, HiddenSize);
        }
    }

    internal void Add(string name, params long[] dimensions) => Tensors[name + ".weight"] = (dimensions, TensorType.F32);

    internal void SetType(string name, TensorType type) => Tensors[name + ".weight"] = Tensors[name + ".weight"] with { Type = type };

    internal TemporaryFile Write()
    {
        TemporaryFile file = new();
        using GgufWriter writer = new(file.Path);
        foreach ((string key, object value) in Metadata)
        {
            switch (value)
            {
                case uint number: writer.Set(key, number); break;
                case float number: writer.Set(key, number); break;
                default: writer.Set(key, (string)value); break;
            }
        }

        foreach ((string name, (long[] dimensions, TensorType type)) in Tensors)
        {
            writer.DeclareTensor(name, dimensions, type);
        }

        foreach ((string name, (long[] dimensions, TensorType type)) in Tensors)
        {
            long rows = dimensions.Skip(1).Aggregate(1L, (product, size) => product * size);
            byte[] data = new byte[TensorTypes.RowBytes(type, dimensions[0]) * rows];
            Fill?.Invoke(data);
            writer.WriteTensor(name, stream => stream.Write(data));
        }

        writer.Complete();
        return file;
    }
}
