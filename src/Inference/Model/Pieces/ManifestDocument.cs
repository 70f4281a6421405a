using System.Runtime.InteropServices;
using System.Text.Json.Serialization;
using Halo.Inference.Model.Architectures;
using Halo.Inference.Quantization;

namespace Halo.Inference.Model.Pieces;

/// <summary>A <see cref="ModelManifest"/> as it crosses the network, before it is checked.</summary>
internal sealed record ManifestDocument
{
    public required int FormatVersion { get; init; }

    public required string Name { get; init; }

    public required string Sha256 { get; init; }

    public required long FileBytes { get; init; }

    public required int PieceBytes { get; init; }

    public required int NeuronGroupSize { get; init; }

    public required ModelConfig Config { get; init; }

    public required LayerTypes?[] Layers { get; init; }

    public required TensorType Embedding { get; init; }

    public required TensorType Head { get; init; }

    public required Dictionary<string, byte[]?>?[] Vectors { get; init; } // per layer, by name: f32 little endian

    public required byte[] OutputNorm { get; init; }      // (hiddenSize), f32 little endian

    public required byte[] OutputNormBias { get; init; }  // the same; empty where there is none

    public required byte[] RopeFrequencies { get; init; } // (rotaryDim / 2), f32 little endian

    public required float RopeMagnitude { get; init; }

    internal static ManifestDocument Of(ModelManifest manifest) => new()
    {
        FormatVersion = ModelManifest.FormatVersion,
        Name = manifest.Name,
        Sha256 = manifest.Sha256,
        FileBytes = manifest.FileBytes,
        PieceBytes = manifest.PieceBytes,
        NeuronGroupSize = manifest.Layout.NeuronGroupSize,
        Config = manifest.Layout.Config,
        Layers = [.. manifest.Layout.Layers],
        Embedding = manifest.Layout.Embedding,
        Head = manifest.Layout.Head,
        Vectors = [.. manifest.Vectors.Layers.Select(layer => LayerVectors.Kinds
            .Where(kind => layer[kind] is not null)
            .ToDictionary(kind => kind.ToString(), kind => (byte[]?)Bytes(layer[kind]!)))],
        OutputNorm = Bytes(manifest.Vectors.OutputNorm),
        OutputNormBias = Bytes(manifest.Vectors.OutputNormBias ?? []),
        RopeFrequencies = Bytes(manifest.Vectors.Rope.Inverse),
        RopeMagnitude = manifest.Vectors.Rope.Magnitude,
    };

    private static byte[] Bytes(float[] values) => MemoryMarshal.AsBytes(values.AsSpan()).ToArray();
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UseStringEnumConverter = true,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(ManifestDocument))]
internal sealed partial class ManifestJson : JsonSerializerContext;
