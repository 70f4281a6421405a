using System.Globalization;
using System.Text.Json.Serialization;
using Halo.Inference.Gguf;
using Halo.Inference.Model.Architectures;

namespace Halo.Inference.Model;

/// <summary>The shape of a model, read from GGUF metadata and checked.</summary>
public sealed record ModelConfig
{
    // Far above any published model; what is larger is a damaged or hostile file.
    internal const int MostLayers = 1024;
    internal const int MostElements = 1 << 24;
    internal const int MostPositions = 1 << 20;

    /// <summary>The file's own name for the model, or the file's name.</summary>
    public required string Name { get; init; }

    /// <summary>The file's architecture, one of <see cref="KnownArchitectures"/>.</summary>
    public required string Architecture { get; init; }

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

    /// <summary>Leading elements of each head that rotate with the position; even, and 0 where positions are learned.</summary>
    public required int RotaryDim { get; init; }

    /// <summary>Tokens of the vocabulary.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>Longest sequence, in positions.</summary>
    public required int ContextLength { get; init; }

    /// <summary>Added to the mean square, or the variance, before the root in norms.</summary>
    public required float NormEpsilon { get; init; }

    /// <summary>Base of the rotary frequencies: pair i turns by position / base^(2i / rotaryDim).</summary>
    public required float RopeBase { get; init; }

    /// <summary>The sliding window that keeps <see cref="ContextLength"/> below what the model was made for; 0 where none does.</summary>
    public int SlidingWindow { get; init; }

    /// <summary>What a user should know of how the file is read; null where there is nothing.</summary>
    [JsonIgnore]
    public string? Note => SlidingWindow == 0
        ? null
        : $"The model's attention slides over the last {SlidingWindow} positions, which is not supported beyond them: the context is cut to {SlidingWindow}.";

    /// <summary>In what the forward pass of this model differs from others.</summary>
    [JsonIgnore]
    public ArchitectureDescription Description => KnownArchitectures.TryGet(Architecture, out ArchitectureDescription? description)
        ? description
        : throw new InvalidOperationException($"There is no architecture '{Architecture}'.");

    /// <summary>Query heads that share one KV head: one head group.</summary>
    public int HeadsPerGroup => HeadCount / KvHeadCount;

    /// <summary>Elements of all query heads of one head group: a group's columns in the output projection.</summary>
    public int GroupWidth => HeadsPerGroup * HeadDim;

    /// <summary>Reads and checks the shape.</summary>
    /// <exception cref="GgufFormatException">A key is missing or its value makes no model; the message names it.</exception>
    public static ModelConfig Read(GgufFile file)
    {
        GgufMetadata metadata = file.Metadata;
        string name = metadata.RequireString("general.architecture");
        if (!KnownArchitectures.TryGet(name, out ArchitectureDescription? architecture))
        {
            throw new GgufFormatException(
                $"{file.Path} has architecture '{name}', which is not supported; {string.Join(", ", KnownArchitectures.Names)} are.");
        }

        UnsupportedKeys.Check(metadata, name);
        int hiddenSize = Count(metadata, $"{name}.embedding_length", MostElements);
        int headCount = Count(metadata, $"{name}.attention.head_count", MostElements);
        int headDim = metadata.TryGetUInt32($"{name}.attention.key_length", out uint keyLength) ? (int)Math.Min(keyLength, MostElements) : hiddenSize / headCount;
        int trained = TrainedLength(metadata, name);
        uint window = metadata.GetUInt32($"{name}.attention.sliding_window", 0);
        bool isCut = window > 0 && window < (uint)trained; // up to its length a sliding attention is a full one
        GgufTensorInfo embedding = file.RequireTensor("token_embd.weight");
        ModelConfig config = new()
        {
            Name = metadata.TryGetString("general.name", out string? given) && given.Length > 0 ? given : System.IO.Path.GetFileNameWithoutExtension(file.Path),
            Architecture = name,
            HiddenSize = hiddenSize,
            IntermediateSize = Count(metadata, $"{name}.feed_forward_length", MostElements),
            LayerCount = Count(metadata, $"{name}.block_count", MostLayers),
            HeadCount = headCount,
            KvHeadCount = CountOr(metadata, $"{name}.attention.head_count_kv", headCount, headCount),
            HeadDim = headDim,
            RotaryDim = architecture.HasLearnedPositions ? 0 : CountOr(metadata, $"{name}.rope.dimension_count", headDim, headDim),
            VocabularySize = checked((int)Math.Min(embedding.Rows, MostElements)),
            ContextLength = isCut ? (int)window : trained,
            SlidingWindow = isCut ? (int)window : 0,
            NormEpsilon = metadata.RequireSingle(architecture.EpsilonKey),
            RopeBase = metadata.GetSingle($"{name}.rope.freq_base", 10_000f),
        };
        config.Check(metadata);
        return config;
    }

    /// <summary>The context that a file was made for, which a sliding window may cut.</summary>
    internal static int TrainedLength(GgufMetadata metadata, string architecture) => Count(metadata, $"{architecture}.context_length", MostPositions);

    private static int CountOr(GgufMetadata metadata, string key, int fallback, int most) => metadata.Contains(key) ? Count(metadata, key, most) : fallback;

    private static int Count(GgufMetadata metadata, string key, int most)
    {
        uint value = metadata.RequireUInt32(key);
        return value >= 1 && value <= (uint)most
            ? (int)value
            : throw new GgufFormatException(string.Create(CultureInfo.InvariantCulture, $"{key} is {value}; a number from 1 to {most} is needed."));
    }

    private void Check(GgufMetadata metadata)
    {
        Require(HeadCount % KvHeadCount == 0, $"{Architecture}.attention.head_count {HeadCount} is no multiple of head_count_kv {KvHeadCount}");
        Require(HeadDim >= 1 && (long)HeadCount * HeadDim <= MostElements, $"heads of {HeadDim} elements make no model");
        bool sameWidth = !metadata.TryGetUInt32($"{Architecture}.attention.value_length", out uint valueLength) || valueLength == HeadDim;
        Require(sameWidth, $"{Architecture}.attention.value_length is {valueLength}; only values as wide as keys, {HeadDim}, are supported");
        Require(RotaryDim % 2 == 0, $"{Architecture}.rope.dimension_count {RotaryDim} is odd");
        Require(NormEpsilon is > 0 and < 1, $"{Description.EpsilonKey} is {NormEpsilon}; a number between 0 and 1 is needed");
        Require(RopeBase is > 1 and < float.MaxValue, $"{Architecture}.rope.freq_base is {RopeBase}; a number above 1 is needed");
    }

    private static void Require(bool holds, FormattableString fault)
    {
        if (!holds)
        {
            throw new GgufFormatException(fault.ToString(CultureInfo.InvariantCulture) + ".");
        }
    }
}
