using System.Globalization;
using Halo.Inference.Gguf;

namespace Halo.Inference.Model;

/// <summary>The shape of a LLaMA-architecture model, read from GGUF metadata and checked.</summary>
public sealed record ModelConfig
{
    private const string Architecture = "llama";

    // Far above any published model; what is larger is a damaged or hostile file.
    internal const int MostLayers = 1024;
    internal const int MostElements = 1 << 24;
    internal const int MostPositions = 1 << 20;

    /// <summary>The file's own name for the model, or the file's name.</summary>
    public required string Name { get; init; }

    /// <summary>Elements of the residual stream.</summary>
    public required int HiddenSize { get; init; }

    /// <summary>Neurons of a feed-forward block.</summary>
    public required int IntermediateSize { get; init; }

    /// <summary>Transformer layers.</summary>
    public required int LayerCount { get; init; }

    /// <summary>Query heads.</summary>
    public required int HeadCount { get; init; }

    /// <summary>Key and value heads; <see cref="HeadCount"/> is a multiple of it.</summary>
    public required int KvHeadCount { get; init; }

    /// <summary>Elements of one head.</summary>
    public required int HeadDim { get; init; }

    /// <summary>Leading elements of each head that rotate with the position; even.</summary>
    public required int RotaryDim { get; init; }

    /// <summary>Tokens of the vocabulary.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>Longest sequence, in positions.</summary>
    public required int ContextLength { get; init; }

    /// <summary>Added to the mean square before the root in RMSNorm.</summary>
    public required float NormEpsilon { get; init; }

    /// <summary>Base of the rotary frequencies: pair i turns by position / base^(2i / rotaryDim).</summary>
    public required float RopeBase { get; init; }

    /// <summary>Query heads that share one KV head: one head group.</summary>
    public int HeadsPerGroup => HeadCount / KvHeadCount;

    /// <summary>Elements of all query heads of one head group: a group's columns in the output projection.</summary>
    public int GroupWidth => HeadsPerGroup * HeadDim;

    /// <summary>Reads and checks the shape.</summary>
    /// <exception cref="GgufFormatException">A key is missing or its value makes no model; the message names it.</exception>
    public static ModelConfig Read(GgufFile file)
    {
        GgufMetadata metadata = file.Metadata;
        string architecture = metadata.RequireString("general.architecture");
        if (architecture != Architecture)
        {
            throw new GgufFormatException($"{file.Path} has architecture '{architecture}'; only '{Architecture}' is supported today.");
        }

        int hiddenSize = Count(metadata, "llama.embedding_length", MostElements);
        int headCount = Count(metadata, "llama.attention.head_count", MostElements);
        int headDim = metadata.TryGetUInt32("llama.attention.key_length", out uint keyLength) ? (int)Math.Min(keyLength, MostElements) : hiddenSize / headCount;
        GgufTensorInfo embedding = file.RequireTensor("token_embd.weight");
        ModelConfig config = new()
        {
            Name = metadata.TryGetString("general.name", out string? name) && name.Length > 0 ? name : System.IO.Path.GetFileNameWithoutExtension(file.Path),
            HiddenSize = hiddenSize,
            IntermediateSize = Count(metadata, "llama.feed_forward_length", MostElements),
            LayerCount = Count(metadata, "llama.block_count", MostLayers),
            HeadCount = headCount,
            KvHeadCount = metadata.Contains("llama.attention.head_count_kv") ? Count(metadata, "llama.attention.head_count_kv", headCount) : headCount,
            HeadDim = headDim,
            RotaryDim = metadata.Contains("llama.rope.dimension_count") ? Count(metadata, "llama.rope.dimension_count", headDim) : headDim,
            VocabularySize = checked((int)Math.Min(embedding.Rows, MostElements)),
            ContextLength = Count(metadata, "llama.context_length", MostPositions),
            NormEpsilon = metadata.RequireSingle("llama.attention.layer_norm_rms_epsilon"),
            RopeBase = metadata.TryGetSingle("llama.rope.freq_base", out float ropeBase) ? ropeBase : 10_000f,
        };
        config.Check(metadata);
        return config;
    }

    private static int Count(GgufMetadata metadata, string key, int most)
    {
        uint value = metadata.RequireUInt32(key);
        return value >= 1 && value <= (uint)most
            ? (int)value
            : throw new GgufFormatException(string.Create(CultureInfo.InvariantCulture, $"{key} is {value}; a number from 1 to {most} is needed."));
    }

    private void Check(GgufMetadata metadata)
    {
        Require(HeadCount % KvHeadCount == 0, $"llama.attention.head_count {HeadCount} is no multiple of head_count_kv {KvHeadCount}");
        Require(HeadDim >= 1 && (long)HeadCount * HeadDim <= MostElements, $"heads of {HeadDim} elements make no model");
        bool sameWidth = !metadata.TryGetUInt32("llama.attention.value_length", out uint valueLength) || valueLength == HeadDim;
        Require(sameWidth, $"llama.attention.value_length is {valueLength}; only values as wide as keys, {HeadDim}, are supported");
        Require(RotaryDim % 2 == 0, $"llama.rope.dimension_count {RotaryDim} is odd");
        Require(NormEpsilon is > 0 and < 1, $"llama.attention.layer_norm_rms_epsilon is {NormEpsilon}; a number between 0 and 1 is needed");
        Require(RopeBase is > 1 and < float.MaxValue, $"llama.rope.freq_base is {RopeBase}; a number above 1 is needed");
        bool scaled = metadata.TryGetString("llama.rope.scaling.type", out string? scaling) && scaling is not ("" or "none");
        Require(!scaled, $"llama.rope.scaling.type '{scaling}' is not supported yet");
    }

    private static void Require(bool holds, FormattableString fault)
    {
        if (!holds)
        {
            throw new GgufFormatException(fault.ToString(CultureInfo.InvariantCulture) + ".");
        }
    }
}
