using Halo.Inference.Gguf;
using Halo.Inference.Padding;
using Halo.Inference.Quantization;

namespace Halo.Inference.RandomModels;

/// <summary>
/// Writes a LLaMA model of any shape with random weights, for timings where no real model of that size is at hand. Unlike a padded one it
/// has no zeros, and its texts mean nothing. Matrices have mean 0 and variance 1/columns and norms are one, so that activations stay of the order of one
/// over any number of layers; the embedding has variance 1, or the layers would drown which token it was.
/// </summary>
public static class RandomModel
{
    /// <summary>Writes the model, tensor by tensor, on all cores.</summary>
    /// <param name="vocabulary">A model whose SentencePiece vocabulary is cut or filled up to the wanted size.</param>
    /// <param name="options">What is wanted.</param>
    /// <param name="outputPath">File to write; it appears when it is whole.</param>
    /// <param name="progress">Told the share of bytes written, 0 to 1.</param>
    /// <param name="cancellation">Ends the work; nothing is left behind then.</param>
    /// <exception cref="ArgumentException">There is no such model; the message names all the numbers in the way.</exception>
    /// <exception cref="GgufFormatException">The source has no SentencePiece vocabulary.</exception>
    public static void Write(
        GgufFile vocabulary, RandomModelOptions options, string outputPath, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(vocabulary);
        ArgumentNullException.ThrowIfNull(options);
        if (options.Faults() is { Count: > 0 } faults)
        {
            throw new ArgumentException($"There is no random model of shape {options.Shape} in {options.Type}: {string.Join(" ", faults)}");
        }

        FilledVocabulary tokens = new(vocabulary.Metadata, options.VocabularySize);
        List<RandomTensor> tensors = Tensors(options);
        using GgufWriter writer = new(outputPath);
        WriteMetadata(writer, options);
        tokens.WriteTo(writer);
        foreach (RandomTensor tensor in tensors)
        {
            writer.DeclareTensor(tensor.Name, tensor.Dimensions, tensor.Type);
        }

        double total = tensors.Sum(tensor => tensor.Bytes);
        long done = 0;
        foreach (RandomTensor tensor in tensors)
        {
            writer.WriteTensor(tensor.Name, stream => tensor.Write(options.Seed, stream, bytes => progress?.Report((done += bytes) / total), cancellation));
        }

        writer.Complete();
    }

    private static void WriteMetadata(GgufWriter writer, RandomModelOptions options)
    {
        ModelShape shape = options.Shape;
        writer.Set("general.architecture", "llama");
        writer.Set("general.name", $"random {shape}");
        writer.Set("general.description", $"Random weights (seed {options.Seed}) for timing and traffic only; its texts mean nothing.");
        writer.Set("general.quantization_version", 2u);
        writer.Set("general.file_type", options.Type.FileType);
        writer.Set("llama.context_length", (uint)options.ContextLength);
        writer.Set("llama.embedding_length", (uint)shape.HiddenSize);
        writer.Set("llama.block_count", (uint)shape.LayerCount);
        writer.Set("llama.feed_forward_length", (uint)shape.IntermediateSize);
        writer.Set("llama.attention.head_count", (uint)shape.HeadCount);
        writer.Set("llama.attention.head_count_kv", (uint)shape.KvHeadCount);
        writer.Set("llama.rope.dimension_count", (uint)shape.HeadDim);
        writer.Set("llama.rope.freq_base", 10_000f);
        writer.Set("llama.attention.layer_norm_rms_epsilon", 1e-5f);
    }

    private static List<RandomTensor> Tensors(RandomModelOptions options)
    {
        ModelShape shape = options.Shape;
        int keyValue = shape.KvHeadCount * shape.HeadDim;
        List<RandomTensor> tensors = [];
        Add("token_embd.weight", options.VocabularySize, shape.HiddenSize, TypeOf("token_embd.weight", shape.HiddenSize), deviation: 1);
        for (int layer = 0; layer < shape.LayerCount; layer++)
        {
            Norm($"blk.{layer}.attn_norm.weight");
            Matrix($"blk.{layer}.attn_q.weight", shape.HiddenSize, shape.HiddenSize);
            Matrix($"blk.{layer}.attn_k.weight", keyValue, shape.HiddenSize);
            Matrix($"blk.{layer}.attn_v.weight", keyValue, shape.HiddenSize);
            Matrix($"blk.{layer}.attn_output.weight", shape.HiddenSize, shape.HiddenSize);
            Norm($"blk.{layer}.ffn_norm.weight");
            Matrix($"blk.{layer}.ffn_gate.weight", shape.IntermediateSize, shape.HiddenSize);
            Matrix($"blk.{layer}.ffn_up.weight", shape.IntermediateSize, shape.HiddenSize);
            Matrix($"blk.{layer}.ffn_down.weight", shape.HiddenSize, shape.IntermediateSize);
        }

        Norm("output_norm.weight");
        Matrix("output.weight", options.VocabularySize, shape.HiddenSize);
        return tensors;

        void Matrix(string name, int rows, int columns) => Add(name, rows, columns, TypeOf(name, columns), 1 / Math.Sqrt(columns));

        TensorType TypeOf(string name, int columns) => options.Type.TypeOf(name, shape.LayerCount, columns, isHead: name == "output.weight");

        void Norm(string name) => Add(name, 1, shape.HiddenSize, TensorType.F32, deviation: 0);

        void Add(string name, int rows, int columns, TensorType type, double deviation) =>
            tensors.Add(new RandomTensor(name, tensors.Count, rows, columns, type, deviation));
    }
}
