using System.Globalization;
using Halo.Inference.Gguf;

namespace Halo.Inference.Padding;

/// <summary>The sizes that a LLaMA model is padded to.</summary>
/// <param name="HiddenSize">Width of the residual stream.</param>
/// <param name="IntermediateSize">Neurons of a feed-forward layer.</param>
/// <param name="LayerCount">Transformer layers.</param>
/// <param name="HeadCount">Query heads of a layer.</param>
/// <param name="KvHeadCount">Key and value heads of a layer.</param>
public sealed record ModelShape(int HiddenSize, int IntermediateSize, int LayerCount, int HeadCount, int KvHeadCount)
{
    private const int Llama2Tokens = 32_000;
    private const int Llama3Tokens = 128_256;

    private static readonly Dictionary<string, (ModelShape Shape, int Tokens)> s_named = new(StringComparer.OrdinalIgnoreCase)
    {
        ["stories75m"] = (new(768, 2048, 12, 12, 4), Llama2Tokens),
        ["tinyllama-1.1b"] = (new(2048, 5632, 22, 32, 4), Llama2Tokens),
        ["llama-3.2-1b"] = (new(2048, 8192, 16, 32, 8), Llama3Tokens),
        ["llama-3.2-3b"] = (new(3072, 8192, 28, 24, 8), Llama3Tokens),
        ["llama-2-7b"] = (new(4096, 11008, 32, 32, 32), Llama2Tokens),
        ["llama-3-8b"] = (new(4096, 14336, 32, 32, 8), Llama3Tokens),
    };

    /// <summary>Names that <see cref="Parse"/> knows.</summary>
    public static IReadOnlyCollection<string> Names => s_named.Keys;

    /// <summary>Tokens of the published model of this shape; null where none has a name here.</summary>
    public int? PublishedVocabulary => s_named.Values.FirstOrDefault(named => named.Shape == this) is { Tokens: > 0 } found ? found.Tokens : null;

    /// <summary>Channels of a head.</summary>
    public int HeadDim => HiddenSize / HeadCount;

    /// <summary>Query heads that share a key and value head.</summary>
    public int HeadsPerKvHead => HeadCount / KvHeadCount;

    /// <summary>Reads a name of <see cref="Names"/> or five numbers <c>hidden,intermediate,layers,heads,kvHeads</c>.</summary>
    /// <exception cref="FormatException">It is neither, or the numbers fit no model; the message says which and why.</exception>
    public static ModelShape Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (s_named.TryGetValue(text.Trim(), out (ModelShape Shape, int Tokens) named))
        {
            return named.Shape;
        }

        string[] parts = text.Split(',');
        int[] sizes = new int[5];
        if (parts.Length != sizes.Length)
        {
            throw new FormatException(
                $"Shape '{text}' is neither a known name ({string.Join(", ", Names)}) nor five numbers hidden,intermediate,layers,heads,kvHeads.");
        }

        for (int i = 0; i < sizes.Length; i++)
        {
            if (!int.TryParse(parts[i], NumberStyles.Integer, CultureInfo.InvariantCulture, out sizes[i]))
            {
                throw new FormatException($"Shape '{text}': '{parts[i].Trim()}' is not a whole number.");
            }
        }

        ModelShape shape = new(sizes[0], sizes[1], sizes[2], sizes[3], sizes[4]);
        return shape.Faults() is { Count: > 0 } faults ? throw new FormatException($"Shape '{text}': {string.Join(" ", faults)}") : shape;
    }

    /// <summary>The shape of a LLaMA model file.</summary>
    /// <exception cref="GgufFormatException">The file holds no LLaMA model, or a size is missing or impossible.</exception>
    public static ModelShape Of(GgufFile file)
    {
        ArgumentNullException.ThrowIfNull(file);
        GgufMetadata metadata = file.Metadata;
        string architecture = metadata.RequireString("general.architecture");
        if (architecture != "llama")
        {
            throw new GgufFormatException($"{file.Path}: architecture is '{architecture}'; only 'llama' models can be padded.");
        }

        int heads = metadata.RequireInt32("llama.attention.head_count");
        ModelShape shape = new(
            metadata.RequireInt32("llama.embedding_length"),
            metadata.RequireInt32("llama.feed_forward_length"),
            metadata.RequireInt32("llama.block_count"),
            heads,
            metadata.GetInt32("llama.attention.head_count_kv", heads));
        return shape.Faults() is { Count: > 0 } faults ? throw new GgufFormatException($"{file.Path}: {string.Join(" ", faults)}") : shape;
    }

    /// <summary>Everything that keeps these sizes from being a LLaMA model; empty when they can be one.</summary>
    public IReadOnlyList<string> Faults()
    {
        List<string> faults = [];
        foreach ((string name, int size, int max) in ((string, int, int)[])[
            ("hidden size", HiddenSize, 1 << 16), ("intermediate size", IntermediateSize, 1 << 20), ("layer count", LayerCount, 1024),
            ("head count", HeadCount, 1024), ("KV head count", KvHeadCount, 1024)])
        {
            if (size < 1 || size > max)
            {
                faults.Add($"The {name} is {size}; it must be 1 to {max}.");
            }
        }

        if (faults.Count == 0 && HiddenSize % HeadCount != 0)
        {
            faults.Add($"The hidden size {HiddenSize} is no multiple of the head count {HeadCount}.");
        }
        else if (faults.Count == 0 && HeadDim % 2 != 0)
        {
            faults.Add($"The head size {HiddenSize} / {HeadCount} = {HeadDim} is odd; rotary positions need pairs.");
        }

        if (faults.Count == 0 && HeadCount % KvHeadCount != 0)
        {
            faults.Add($"The head count {HeadCount} is no multiple of the KV head count {KvHeadCount}.");
        }

        return faults;
    }

    /// <inheritdoc/>
    public override string ToString() => $"{HiddenSize},{IntermediateSize},{LayerCount},{HeadCount},{KvHeadCount}";
}
