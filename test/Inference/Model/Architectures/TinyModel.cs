using System.Runtime.InteropServices;
using Halo.Inference.Gguf;
using Halo.Inference.Quantization;

namespace Halo.Inference.Tests.Model.Architectures;

/// <summary>A model of a <see cref="TinySpec"/> with seeded weights, the same on every machine; metadata and tensors may be spoiled before it is written.</summary>
internal sealed class TinyModel
{
    private ulong _state; // SplitMix64

    internal TinyModel(TinySpec spec)
    {
        Spec = spec;
        _state = spec.Name.Aggregate(17UL, (seed, letter) => (seed * 31) + letter);
        AddMetadata();
        AddMatrix("token_embd", TinySpec.HiddenSize, TinySpec.VocabularySize, scale: 1);
        if (spec.HasLearnedPositions)
        {
            AddMatrix("position_embd", TinySpec.HiddenSize, spec.ContextLength, scale: 0.5);
        }

        for (int layer = 0; layer < TinySpec.LayerCount; layer++)
        {
            AddLayer($"blk.{layer}.");
        }

        AddNorm("output_norm");
        if (spec.HasOwnHead)
        {
            AddMatrix("output", TinySpec.HiddenSize, TinySpec.VocabularySize);
        }

        foreach ((string name, float[] values) in spec.Vectors)
        {
            Tensors[name] = ([values.Length], [.. values]);
        }
    }

    internal TinySpec Spec { get; }

    internal Dictionary<string, object> Metadata { get; } = [];

    /// <summary>Columns and rows of each tensor, and its values.</summary>
    internal Dictionary<string, (long[] Dimensions, float[] Values)> Tensors { get; } = [];

    /// <summary>Gives a tensor other dimensions, of ones.</summary>
    internal void Reshape(string name, params long[] dimensions)
    {
        float[] values = new float[dimensions.Aggregate(1L, (product, size) => product * size)];
        Array.Fill(values, 1);
        Tensors[name] = (dimensions, values);
    }

    internal TemporaryFile Write()
    {
        TemporaryFile file = new();
        WriteTo(file.Path);
        return file;
    }

    internal void WriteTo(string path)
    {
        using GgufWriter writer = new(path);
        foreach ((string key, object value) in Metadata)
        {
            switch (value)
            {
                case uint number: writer.Set(key, number); break;
                case float number: writer.Set(key, number); break;
                case bool truth: writer.Set(key, truth); break;
                case string[] texts: writer.Set(key, texts); break;
                case float[] numbers: writer.Set(key, numbers); break;
                case int[] numbers: writer.Set(key, numbers); break;
                default: writer.Set(key, (string)value); break;
            }
        }

        foreach ((string name, (long[] dimensions, _)) in Tensors)
        {
            writer.DeclareTensor(name, dimensions, TensorType.F32);
        }

        foreach ((string name, (_, float[] values)) in Tensors)
        {
            writer.WriteTensor(name, stream => stream.Write(MemoryMarshal.AsBytes(values.AsSpan())));
        }

        writer.Complete();
    }

    private void AddMetadata()
    {
        Metadata["general.architecture"] = Spec.Architecture;
        Set("embedding_length", (uint)TinySpec.HiddenSize);
        Set("feed_forward_length", (uint)TinySpec.IntermediateSize);
        Set("block_count", (uint)TinySpec.LayerCount);
        Set("attention.head_count", (uint)TinySpec.HeadCount);
        Set("context_length", (uint)Spec.ContextLength);
        Set(Spec.HasLayerNorm ? "attention.layer_norm_epsilon" : "attention.layer_norm_rms_epsilon", 1e-5f);
        if (!Spec.HasLearnedPositions)
        {
            Set("attention.head_count_kv", (uint)Spec.KvHeadCount);
            Set("attention.key_length", (uint)Spec.HeadDim);
            Set("attention.value_length", (uint)Spec.HeadDim);
            Set("rope.dimension_count", (uint)Spec.RotaryDim);
            Set("rope.freq_base", (float)TinySpec.RopeBase);
        }

        foreach ((string key, object value) in Spec.Metadata)
        {
            Set(key, value);
        }

        Metadata["tokenizer.ggml.model"] = "llama";
        Metadata["tokenizer.ggml.tokens"] = Enumerable.Range(0, TinySpec.VocabularySize).Select(TokenText).ToArray();
        Metadata["tokenizer.ggml.scores"] = Enumerable.Range(0, TinySpec.VocabularySize).Select(token => (float)-token).ToArray();
        Metadata["tokenizer.ggml.token_type"] = Enumerable.Range(0, TinySpec.VocabularySize).Select(token => token == 0 ? 2 : token < 3 ? 3 : 1).ToArray();
        Metadata["tokenizer.ggml.bos_token_id"] = 1u;
        Metadata["tokenizer.ggml.eos_token_id"] = 2u;
        Metadata["tokenizer.ggml.unknown_token_id"] = 0u;

        void Set(string key, object value) => Metadata[$"{Spec.Architecture}.{key}"] = value;
    }

    private static string TokenText(int token) => token switch
    {
        0 => "<unk>",
        1 => "<s>",
        2 => "</s>",
        _ => $"\u2581w{token}",
    };

    private void AddLayer(string prefix)
    {
        int queryWidth = TinySpec.HeadCount * Spec.HeadDim;
        int kvWidth = Spec.KvHeadCount * Spec.HeadDim;
        AddNorm(prefix + "attn_norm");
        if (Spec.IsFused)
        {
            Add("attn_qkv", TinySpec.HiddenSize, queryWidth + (2 * kvWidth));
        }
        else
        {
            Add("attn_q", TinySpec.HiddenSize, queryWidth);
            Add("attn_k", TinySpec.HiddenSize, kvWidth);
            Add("attn_v", TinySpec.HiddenSize, kvWidth);
        }

        if (Spec.HasHeadNorms)
        {
            AddVector(prefix + "attn_q_norm.weight", Spec.HeadDim, 1, 0.5);
            AddVector(prefix + "attn_k_norm.weight", Spec.HeadDim, 1, 0.5);
        }

        Add("attn_output", queryWidth, TinySpec.HiddenSize);
        AddNorm(prefix + "ffn_norm");
        if (Spec.HasGate && !Spec.IsGateFused)
        {
            Add("ffn_gate", TinySpec.HiddenSize, TinySpec.IntermediateSize);
        }

        Add("ffn_up", TinySpec.HiddenSize, Spec.IsGateFused ? 2 * TinySpec.IntermediateSize : TinySpec.IntermediateSize);
        Add("ffn_down", TinySpec.IntermediateSize, TinySpec.HiddenSize);

        void Add(string name, int columns, int rows)
        {
            AddMatrix(prefix + name, columns, rows);
            if (Spec.Biases.Contains(name))
            {
                AddVector($"{prefix}{name}.bias", rows, 0, 0.7);
            }
        }
    }

    private void AddNorm(string name)
    {
        AddVector(name + ".weight", TinySpec.HiddenSize, 1, 0.5);
        if (Spec.HasLayerNorm)
        {
            AddVector(name + ".bias", TinySpec.HiddenSize, 0, 0.4);
        }
    }

    private void AddVector(string name, int width, double center, double spread) => Tensors[name] = ([width], Values(width, center, spread));

    // Wide enough that attention is not even and neurons bend.
    private void AddMatrix(string name, int columns, int rows, double? scale = null) =>
        Tensors[name + ".weight"] = ([columns, rows], Values(columns * rows, 0, scale ?? (2.5 / Math.Sqrt(columns))));

    private float[] Values(int count, double center, double spread)
    {
        float[] values = new float[count];
        for (int i = 0; i < count; i++)
        {
            values[i] = (float)(center + (spread * ((2 * (Next() >> 11) * (1.0 / (1UL << 53))) - 1)));
        }

        return values;
    }

    private ulong Next()
    {
        ulong mixed = _state += 0x9E3779B97F4A7C15;
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
        return mixed ^ (mixed >> 31);
    }
}
