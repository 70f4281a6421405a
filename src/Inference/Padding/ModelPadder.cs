using Halo.Inference.Gguf;

namespace Halo.Inference.Padding;

/// <summary>
/// Writes a small LLaMA model in the shape of a large one without changing what it computes, for timings and traffic of the real
/// shape with text that can be checked. It says nothing about quality: most of its weights are zero. See <see cref="PaddingPlan"/>.
/// </summary>
public static class ModelPadder
{
    private const string EpsilonKey = "llama.attention.layer_norm_rms_epsilon";

    /// <summary>Pads a model, tensor by tensor.</summary>
    /// <param name="source">A LLaMA model.</param>
    /// <param name="target">Sizes to pad to, none smaller than the source's.</param>
    /// <param name="type">Types of the matrices and of the embedding. Norms stay F32.</param>
    /// <param name="outputPath">File to write; it appears when it is whole.</param>
    /// <param name="progress">Told the share of tensors written, 0 to 1.</param>
    /// <param name="cancellation">Ends the work; nothing is left behind then.</param>
    /// <exception cref="ArgumentException">The source cannot be padded to the target; the message names all the numbers in the way.</exception>
    /// <exception cref="GgufFormatException">The source is not a LLaMA model that can be read whole.</exception>
    public static void Pad(
        GgufFile source,
        ModelShape target,
        TypeMix type,
        string outputPath,
        IProgress<double>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(target);
        ModelShape shape = ModelShape.Of(source);
        PaddingPlan plan = new(shape, target, type);
        List<PaddedTensor> tensors = PaddedTensorList.Build(source, plan, type);

        using GgufWriter writer = new(outputPath);
        WriteMetadata(writer, source.Metadata, plan, type);
        foreach (PaddedTensor tensor in tensors)
        {
            writer.DeclareTensor(tensor.Name, tensor.Dimensions, tensor.Type);
        }

        for (int i = 0; i < tensors.Count; i++)
        {
            PaddedTensor tensor = tensors[i];
            writer.WriteTensor(tensor.Name, stream => tensor.Write(source, stream, cancellation));
            progress?.Report((i + 1.0) / tensors.Count);
        }

        writer.Complete();
    }

    private static void WriteMetadata(GgufWriter writer, GgufMetadata source, PaddingPlan plan, TypeMix type)
    {
        ModelShape target = plan.Target;
        writer.Set("general.architecture", "llama");
        writer.Set("general.name", $"{source.GetString("general.name", "model")} padded to {target}");
        writer.Set("general.description", "Zero-padded to a larger shape for timing and traffic only; it says nothing about quality.");
        writer.CopyMetadata(source, key => key is "general.license" or "llama.vocab_size" or "llama.rope.freq_base"
            || key.StartsWith("tokenizer.", StringComparison.Ordinal));
        writer.Set("general.quantization_version", 2u);
        writer.Set("general.file_type", type.FileType);
        writer.Set("llama.context_length", source.RequireUInt32("llama.context_length"));
        writer.Set("llama.embedding_length", (uint)target.HiddenSize);
        writer.Set("llama.block_count", (uint)target.LayerCount);
        writer.Set("llama.feed_forward_length", (uint)target.IntermediateSize);
        writer.Set("llama.attention.head_count", (uint)target.HeadCount);
        writer.Set("llama.attention.head_count_kv", (uint)target.KvHeadCount);
        writer.Set("llama.rope.dimension_count", (uint)target.HeadDim);
        writer.Set("llama.rope.freq_base", source.GetSingle("llama.rope.freq_base", 10_000));
        writer.Set(EpsilonKey, plan.Epsilon(source.RequireSingle(EpsilonKey)));
    }
}
