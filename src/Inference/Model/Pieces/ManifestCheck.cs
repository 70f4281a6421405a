using System.Globalization;
using Halo.Inference.Model.Architectures;
using Halo.Inference.Quantization;

namespace Halo.Inference.Model.Pieces;

/// <summary>
/// Turns what a manifest claims into a model, or says why it is none. Nothing of a claimed size is allocated before the size was checked.
/// </summary>
internal static class ManifestCheck
{
    private const int HashBytes = 32;

    // Cosines and sines of every position: 1 GiB of them, sixteen times what the longest contexts of today take.
    private const long MostRotations = 1L << 28;

    /// <summary>Makes the model that the document describes.</summary>
    /// <exception cref="PieceException">It describes none; the message says why.</exception>
    internal static ModelManifest Model(ManifestDocument document)
    {
        Require(
            document.FormatVersion == ModelManifest.FormatVersion,
            $"format version {document.FormatVersion} is not {ModelManifest.FormatVersion}: the boards and the head process must run the same release");
        Require(document.Name.Length > 0, $"the model's name is empty");
        byte[] hash = Hash(document.Sha256);
        Require(document.FileBytes >= 1, $"a model file of {document.FileBytes} bytes is none");
        int pieceBytes = PieceBytes(document.PieceBytes);
        ModelConfig config = document.Config;
        Shape(config);
        LayerTypes[] layers = Types(document, config);
        GroupSize(document.NeuronGroupSize, layers, config);
        ModelVectors vectors = VectorCheck.Vectors(document, config);
        ModelLayout layout = new(config, layers, document.Embedding, document.Head, document.NeuronGroupSize);
        return new ModelManifest(document.Name, hash, document.FileBytes, pieceBytes, layout, vectors);
    }

    /// <summary>Reads a SHA-256 from 64 hexadecimal digits.</summary>
    internal static byte[] Hash(string digits)
    {
        Require(digits.Length == 2 * HashBytes && digits.All(char.IsAsciiHexDigit), $"sha256 '{digits}' is not 64 hexadecimal digits");
        return Convert.FromHexString(digits);
    }

    internal static int PieceBytes(int bytes)
    {
        Require(
            bytes is >= ModelManifest.FewestPieceBytes and <= ModelManifest.MostPieceBytes,
            $"pieceBytes is {bytes}; a number from {ModelManifest.FewestPieceBytes} to {ModelManifest.MostPieceBytes} is needed");
        return bytes;
    }

    private static void Shape(ModelConfig config)
    {
        Require(
            KnownArchitectures.TryGet(config.Architecture, out ArchitectureDescription? architecture),
            $"architecture '{config.Architecture}' is not known: the boards and the head process must run the same release");
        Count(config.HiddenSize, ModelConfig.MostElements, "hiddenSize");
        Count(config.IntermediateSize, ModelConfig.MostElements, "intermediateSize");
        Count(config.LayerCount, ModelConfig.MostLayers, "layerCount");
        Count(config.HeadCount, ModelConfig.MostElements, "headCount");
        Count(config.KvHeadCount, config.HeadCount, "kvHeadCount");
        Count(config.HeadDim, ModelConfig.MostElements, "headDim");
        if (architecture!.HasLearnedPositions)
        {
            Require(config.RotaryDim == 0, $"rotaryDim is {config.RotaryDim} in a model with learned positions");
        }
        else
        {
            Count(config.RotaryDim, config.HeadDim, "rotaryDim");
        }

        Count(config.VocabularySize, ModelConfig.MostElements, "vocabularySize");
        Count(config.ContextLength, ModelConfig.MostPositions, "contextLength");
        Require(config.HeadCount % config.KvHeadCount == 0, $"headCount {config.HeadCount} is no multiple of kvHeadCount {config.KvHeadCount}");
        Require(
            (long)config.HeadCount * config.HeadDim <= ModelConfig.MostElements,
            $"{config.HeadCount} heads of {config.HeadDim} elements are too wide: {ModelConfig.MostElements} are the most");
        Require(config.RotaryDim % 2 == 0, $"rotaryDim {config.RotaryDim} is odd");
        Require(
            (long)config.ContextLength * config.RotaryDim <= MostRotations,
            $"contextLength {config.ContextLength} with rotaryDim {config.RotaryDim} is too much: their product may be {MostRotations}");
        Require(
            config.SlidingWindow == 0 || config.SlidingWindow == config.ContextLength,
            $"slidingWindow is {config.SlidingWindow} with a contextLength of {config.ContextLength}");
        Require(config.NormEpsilon is > 0 and < 1, $"normEpsilon is {config.NormEpsilon}; a number between 0 and 1 is needed");
        Require(config.RopeBase is > 1 and < float.MaxValue, $"ropeBase is {config.RopeBase}; a number above 1 is needed");
    }

    private static LayerTypes[] Types(ManifestDocument document, ModelConfig config)
    {
        Require(document.Layers.Length == config.LayerCount, $"types are given for {document.Layers.Length} of {config.LayerCount} layers");
        LayerTypes[] layers = new LayerTypes[config.LayerCount];
        int queryWidth = config.HeadCount * config.HeadDim;
        for (int layer = 0; layer < layers.Length; layer++)
        {
            layers[layer] = document.Layers[layer] ?? throw new PieceException($"The model manifest cannot be used: layer {layer} has no types.");
            foreach (TensorType type in new[] { layers[layer].Query, layers[layer].Key, layers[layer].Value, layers[layer].Up })
            {
                Blocks(type, config.HiddenSize, $"layer {layer}");
            }

            Gate(layers[layer].Gate, config, layer);
            Blocks(layers[layer].Output, queryWidth, $"layer {layer}'s output projection");
            Blocks(layers[layer].Down, config.IntermediateSize, $"layer {layer}'s down projection");
        }

        Blocks(document.Embedding, config.HiddenSize, "the embedding table");
        Blocks(document.Head, config.HiddenSize, "the LM head");
        return layers;
    }

    private static void Gate(TensorType? type, ModelConfig config, int layer)
    {
        Require(type is not null == config.Description.HasGate, $"layer {layer}'s gate does not suit architecture '{config.Architecture}'");
        if (type is { } known)
        {
            Blocks(known, config.HiddenSize, $"layer {layer}");
        }
    }

    private static void Blocks(TensorType type, int columns, string where)
    {
        Require(TensorTypes.IsSupported(type), $"type {type} of {where} cannot be computed; {TensorTypes.SupportedNames} can");
        Require(columns % TensorTypes.BlockColumns(type) == 0, $"{columns} columns of {where} are not whole blocks of {type}");
    }

    private static void GroupSize(int size, LayerTypes[] layers, ModelConfig config)
    {
        Count(size, ModelConfig.MostElements, "neuronGroupSize");

        // The last group's end must stay a number, too.
        Require((long)config.IntermediateSize + size <= int.MaxValue, $"neuronGroupSize {size} is too large");
        Require(
            layers.All(types => size % TensorTypes.BlockColumns(types.Down) == 0),
            $"neuronGroupSize {size} is not whole quantisation blocks of every layer's down projection");
    }

    private static void Count(int value, int most, string name) =>
        Require(value >= 1 && value <= most, $"{name} is {value}; a number from 1 to {most} is needed");

    internal static void Require(bool holds, FormattableString fault)
    {
        if (!holds)
        {
            throw new PieceException($"The model manifest cannot be used: {fault.ToString(CultureInfo.InvariantCulture)}.");
        }
    }
}
