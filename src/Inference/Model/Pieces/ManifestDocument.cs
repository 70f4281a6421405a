using System.Runtime.InteropServices;
using System.Text.Json.Serialization;
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

    public required byte[]?[] AttentionNorms { get; init; }   // per layer (hiddenSize), f32 little endian

    public required byte[]?[] FeedForwardNorms { get; init; } // per layer (hiddenSize), f32 little endian

    public required byte[] OutputNorm { get; init; }          // (hiddenSize), f32 little endian

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
        AttentionNorms = [.. manifest.Norms.Attention.Select(Bytes)],
        FeedForwardNorms = [.. manifest.Norms.FeedForward.Select(Bytes)],
        OutputNorm = Bytes(manifest.Norms.Output),
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
