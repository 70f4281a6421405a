using Halo.Inference.Gguf;
using Halo.Inference.Model;
using Halo.Inference.Model.Architectures;
using Halo.Inference.Padding;
using Halo.Inference.Quantization;

namespace Halo.Inference.Regrouping;

/// <summary>
/// Writes a model whose neurons and head groups lie in another order. What it computes stays the same but for the order of additions: gate and up
/// are permuted by rows and down by columns; query, key and value by rows and the output projection by columns.
/// </summary>
public static class ModelRegrouper
{
    /// <summary>Neurons that must stay together: 1, or a quantisation block of the layer's down projection.</summary>
    /// <param name="layout">The model's layout.</param>
    /// <param name="layer">The layer.</param>
    /// <param name="requantize">Type that the matrices will be written in; null keeps each one's own.</param>
    public static int NeuronUnit(ModelLayout layout, int layer, TensorType? requantize) => Unit(layout.Layers[layer].Down, requantize);

    /// <summary>Whether a layer's head groups can be moved: whether each is a whole number of the output projection's blocks.</summary>
    /// <param name="layout">The model's layout.</param>
    /// <param name="layer">The layer.</param>
    /// <param name="requantize">Type that the matrices will be written in; null keeps each one's own.</param>
    public static bool CanMoveHeads(ModelLayout layout, int layer, TensorType? requantize) =>
        layout.Config.GroupWidth % Unit(layout.Layers[layer].Output, requantize) == 0;

    /// <summary>Refuses a type that a model cannot be written in.</summary>
    /// <param name="source">The model.</param>
    /// <param name="requantize">Type to write the matrices and the embedding in; null keeps each one's own.</param>
    /// <exception cref="ArgumentException">The model's architecture cannot be regrouped, it is quantised already, or a matrix has rows that are not whole blocks of that type.</exception>
    public static void CheckType(ModelWeights source, TensorType? requantize)
    {
        ArgumentNullException.ThrowIfNull(source);
        CheckArchitecture(source);
        if (requantize is not { } type)
        {
            return;
        }

        foreach (GgufTensorInfo info in source.File.TensorList.Where(info => info.Dimensions.Count > 1))
        {
            if (TensorTypes.BlockColumns(info.Type) > 1)
            {
                throw new ArgumentException(
                    $"{source.Config.Name} is quantised already ('{info.Name}' is {info.Type}); only a model in F32, F16 or BF16 is written as {type}.",
                    nameof(requantize));
            }

            if (info.Columns % TensorTypes.BlockColumns(type) != 0)
            {
                throw new ArgumentException(
                    $"'{info.Name}' has rows of {info.Columns} elements, no multiple of the {TensorTypes.BlockColumns(type)} in a {type} block.",
                    nameof(requantize));
            }
        }
    }

    // What belongs to single rows would have to move with them.
    private static void CheckArchitecture(ModelWeights source)
    {
        ArchitectureDescription description = source.Config.Description;
        const LayerVector RowBiases = LayerVector.QueryKeyValueBiases | LayerVector.GateBias | LayerVector.UpBias;
        bool hasRowBiases = source.Vectors.Layers.Any(layer => LayerVectors.Kinds.Any(kind => RowBiases.HasFlag(kind) && layer[kind] is not null));
        if (description.FusedQueryKeyValue || description.FeedForward != FeedForwardForm.SwiGlu || hasRowBiases)
        {
            throw new ArgumentException(
                $"{source.Config.Name} is of architecture '{description.Name}' with biases or with several matrices in one tensor; "
                + "only models without either can be regrouped.",
                nameof(source));
        }
    }

    /// <summary>Writes the model.</summary>
    /// <param name="source">The model.</param>
    /// <param name="layers">The order of each layer.</param>
    /// <param name="outputPath">File to write; it appears when it is whole.</param>
    /// <param name="requantize">Type to write the matrices and the embedding in, for models in F32, F16 or BF16; null keeps each one's own.</param>
    /// <param name="progress">Told the share of tensors written, 0 to 1.</param>
    /// <param name="cancellation">Ends the work; nothing is left behind then.</param>
    /// <exception cref="ArgumentException">An order does not fit the model, or would split a quantisation block.</exception>
    /// <exception cref="GgufFormatException">A layer has a tensor that is none of a plain LLaMA model's, so that it would be left out of order.</exception>
    public static void Write(
        ModelWeights source,
        IReadOnlyList<LayerOrder> layers,
        string outputPath,
        TensorType? requantize = null,
        IProgress<double>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(layers);
        List<RegroupedTensor> tensors = RegroupedTensorList.Build(source, layers, requantize);
        using GgufWriter writer = new(outputPath);
        writer.CopyMetadata(source.File.Metadata, _ => true);
        if (requantize is { } type)
        {
            writer.Set("general.quantization_version", 2u);
            writer.Set("general.file_type", new TypeMix(type).FileType);
        }

        foreach (RegroupedTensor tensor in tensors)
        {
            writer.DeclareTensor(tensor.Source.Name, tensor.Source.Dimensions, tensor.Type);
        }

        for (int i = 0; i < tensors.Count; i++)
        {
            RegroupedTensor tensor = tensors[i];
            writer.WriteTensor(tensor.Source.Name, stream => tensor.Write(source.File, stream, cancellation));
            progress?.Report((i + 1.0) / tensors.Count);
        }

        writer.Complete();
    }

    // Requantised columns are put in order before they are rounded, so any order will do.
    internal static int Unit(TensorType type, TensorType? requantize) => requantize is null ? TensorTypes.BlockColumns(type) : 1;
}
