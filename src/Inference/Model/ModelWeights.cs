using Halo.Inference.Gguf;
using Halo.Inference.Kernels;
using Halo.Inference.Quantization;

namespace Halo.Inference.Model;

/// <summary>
/// A model file, opened and checked: every tensor is there, has the right shape and a type that can be computed. Shards are cut from it;
/// they keep pointing into the mapped file, so it must outlive them.
/// </summary>
public sealed unsafe class ModelWeights : IShardSource
{
    private const int SmallestGroup = 32;

    private readonly RopeTable _rope;

    private ModelWeights(GgufFile file, ModelConfig config)
    {
        File = file;
        Config = config;
        int downBlock = TensorTypes.BlockColumns(LayerTensor(0, "ffn_down").Type);
        NeuronGroupSize = Math.Max(SmallestGroup, downBlock);
        CheckTensors();
        Norms = ReadNorms();
        _rope = new RopeTable(config.ContextLength, RopeTable.InverseFrequencies(config.RotaryDim, config.RopeBase));
        Embedding = new EmbeddingTable(Matrix("token_embd.weight"));
    }

    /// <summary>The mapped file.</summary>
    public GgufFile File { get; }

    /// <summary>The model's shape.</summary>
    public ModelConfig Config { get; }

    /// <summary>RMSNorm weights.</summary>
    public ModelNorms Norms { get; }

    /// <summary>Token embeddings.</summary>
    public EmbeddingTable Embedding { get; }

    /// <summary>Neurons in one neuron group: a whole number of quantisation blocks. The last group of a layer may have fewer.</summary>
    public int NeuronGroupSize { get; }

    /// <summary>Tokens in one token group; the last may have fewer.</summary>
    public static int TokenGroupSize => SmallestGroup;

    /// <summary>Neuron groups of a layer.</summary>
    public int NeuronGroupCount => GroupsFor(Config.IntermediateSize, NeuronGroupSize);

    /// <summary>Token groups of the LM head.</summary>
    public int TokenGroupCount => GroupsFor(Config.VocabularySize, TokenGroupSize);

    /// <summary>Opens and checks a model.</summary>
    /// <exception cref="GgufFormatException">The file is no usable model; the message says what is wrong with it.</exception>
    public static ModelWeights Open(string path)
    {
        GgufFile file = GgufFile.Open(path);
        try
        {
            return new ModelWeights(file, ModelConfig.Read(file));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public AttentionShard LoadAttention(int layer, int first, int count, KvBlockPool pool, int maxSequences)
    {
        CheckRange(layer, first, count, Config.KvHeadCount);
        int width = Config.GroupWidth;
        return new AttentionShard(
            Config,
            _rope,
            SlicedMatrix.OfRows(LayerMatrix(layer, "attn_q"), first * width, count * width),
            SlicedMatrix.OfRows(LayerMatrix(layer, "attn_k"), first * Config.HeadDim, count * Config.HeadDim),
            SlicedMatrix.OfRows(LayerMatrix(layer, "attn_v"), first * Config.HeadDim, count * Config.HeadDim),
            SlicedMatrix.OfColumns(LayerMatrix(layer, "attn_output"), first * width, count * width),
            new KvCache(pool, maxSequences, count, Config.HeadDim, Config.ContextLength));
    }

    /// <summary>Cuts out neuron groups [first, first + count) of a layer's feed-forward.</summary>
    public FeedForwardShard LoadFeedForward(int layer, int first, int count)
    {
        CheckRange(layer, first, count, NeuronGroupCount);
        (int firstNeuron, int neurons) = Elements(first, count, NeuronGroupSize, Config.IntermediateSize);
        return new FeedForwardShard(
            SlicedMatrix.OfRows(LayerMatrix(layer, "ffn_gate"), firstNeuron, neurons),
            SlicedMatrix.OfRows(LayerMatrix(layer, "ffn_up"), firstNeuron, neurons),
            SlicedMatrix.OfColumns(LayerMatrix(layer, "ffn_down"), firstNeuron, neurons));
    }

    /// <summary>Cuts out token groups [first, first + count) of the LM head.</summary>
    public VocabularyShard LoadVocabulary(int first, int count)
    {
        CheckRange(0, first, count, TokenGroupCount);
        (int firstToken, int tokens) = Elements(first, count, TokenGroupSize, Config.VocabularySize);
        return new VocabularyShard(SlicedMatrix.OfRows(Matrix(HeadName), firstToken, tokens), firstToken);
    }

    IReadOnlyList<FeedForwardShard> IShardSource.LoadFeedForward(int layer, int first, int count) => [LoadFeedForward(layer, first, count)];

    IReadOnlyList<VocabularyShard> IShardSource.LoadVocabulary(int first, int count) => [LoadVocabulary(first, count)];

    /// <summary>Bytes of weights of one head group, the largest over the layers, covering blocks included.</summary>
    public long HeadGroupBytes => LargestOverLayers(layer =>
    {
        int width = Config.GroupWidth;
        GgufTensorInfo output = LayerTensor(layer, "attn_output");
        int covered = Enumerable.Range(0, Config.KvHeadCount)
            .Max(group => SlicedMatrix.Cover(output.Type, (int)output.Columns, group * width, width).Count);
        return RowBytes(layer, "attn_q") * width
            + (RowBytes(layer, "attn_k") + RowBytes(layer, "attn_v")) * Config.HeadDim
            + TensorTypes.RowBytes(output.Type, covered) * Config.HiddenSize;
    });

    /// <summary>Bytes of weights of one full neuron group, the largest over the layers.</summary>
    public long NeuronGroupBytes => LargestOverLayers(layer =>
    {
        int neurons = Math.Min(NeuronGroupSize, Config.IntermediateSize);
        return (RowBytes(layer, "ffn_gate") + RowBytes(layer, "ffn_up")) * neurons
            + TensorTypes.RowBytes(LayerTensor(layer, "ffn_down").Type, neurons) * Config.HiddenSize;
    });

    /// <summary>Bytes of weights of one full token group.</summary>
    public long TokenGroupBytes => RowBytes(File.RequireTensor(HeadName)) * TokenGroupSize;

    /// <summary>Bytes of the embedding table.</summary>
    public long EmbeddingBytes => File.RequireTensor("token_embd.weight").ByteCount;

    private string HeadName => File.TryGetTensor("output.weight", out _) ? "output.weight" : "token_embd.weight";

    /// <inheritdoc/>
    public void Dispose()
    {
        _rope.Dispose();
        File.Dispose();
    }

    private static int GroupsFor(int elements, int groupSize) => (elements + groupSize - 1) / groupSize;

    private static (int First, int Count) Elements(int firstGroup, int groups, int groupSize, int elements)
    {
        int first = firstGroup * groupSize;
        return (first, Math.Min(elements, (firstGroup + groups) * groupSize) - first);
    }

    private static string LayerName(int layer, string tensor) => $"blk.{layer}.{tensor}.weight";

    private static long RowBytes(GgufTensorInfo tensor) => TensorTypes.RowBytes(tensor.Type, tensor.Columns);

    private long RowBytes(int layer, string tensor) => RowBytes(LayerTensor(layer, tensor));

    private GgufTensorInfo LayerTensor(int layer, string tensor) => File.RequireTensor(LayerName(layer, tensor));

    private WeightMatrix LayerMatrix(int layer, string tensor) => Matrix(LayerName(layer, tensor));

    private long LargestOverLayers(Func<int, long> bytes) => Enumerable.Range(0, Config.LayerCount).Max(bytes);

    private WeightMatrix Matrix(string name)
    {
        GgufTensorInfo tensor = File.RequireTensor(name);
        return new WeightMatrix(File.DataPointer(tensor), tensor.Type, (int)tensor.Rows, (int)tensor.Columns, RowBytes(tensor));
    }

    private void CheckRange(int layer, int first, int count, int groups)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(layer);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(layer, Config.LayerCount);
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(first, groups - count);
    }

    private void CheckTensors()
    {
        int queryWidth = Config.HeadCount * Config.HeadDim;
        int kvWidth = Config.KvHeadCount * Config.HeadDim;
        CheckTensor("token_embd.weight", Config.VocabularySize, Config.HiddenSize);
        CheckTensor("output_norm.weight", 1, Config.HiddenSize);
        CheckTensor(HeadName, Config.VocabularySize, Config.HiddenSize);
        for (int layer = 0; layer < Config.LayerCount; layer++)
        {
            CheckTensor(LayerName(layer, "attn_norm"), 1, Config.HiddenSize);
            CheckTensor(LayerName(layer, "attn_q"), queryWidth, Config.HiddenSize);
            CheckTensor(LayerName(layer, "attn_k"), kvWidth, Config.HiddenSize);
            CheckTensor(LayerName(layer, "attn_v"), kvWidth, Config.HiddenSize);
            CheckTensor(LayerName(layer, "attn_output"), Config.HiddenSize, queryWidth);
            CheckTensor(LayerName(layer, "ffn_norm"), 1, Config.HiddenSize);
            CheckTensor(LayerName(layer, "ffn_gate"), Config.IntermediateSize, Config.HiddenSize);
            CheckTensor(LayerName(layer, "ffn_up"), Config.IntermediateSize, Config.HiddenSize);
            CheckTensor(LayerName(layer, "ffn_down"), Config.HiddenSize, Config.IntermediateSize);
        }
    }

    private void CheckTensor(string name, int rows, int columns)
    {
        GgufTensorInfo tensor = File.RequireTensor(name);
        if (tensor.Rows != rows || tensor.Columns != columns || tensor.Dimensions.Count > 2)
        {
            throw new GgufFormatException(
                $"Tensor {name} is {string.Join(" x ", tensor.Dimensions)}; the model's metadata asks for {columns} x {rows}.");
        }

        if (!TensorTypes.IsSupported(tensor.Type))
        {
            throw new GgufFormatException(
                $"Tensor {name} is of type {tensor.Type}, which cannot be computed yet; F32, F16, BF16, Q8_0 and Q4_0 can.");
        }
    }

    private ModelNorms ReadNorms() => new(
        [.. Enumerable.Range(0, Config.LayerCount).Select(layer => ReadVector(LayerName(layer, "attn_norm")))],
        [.. Enumerable.Range(0, Config.LayerCount).Select(layer => ReadVector(LayerName(layer, "ffn_norm")))],
        ReadVector("output_norm.weight"));

    private float[] ReadVector(string name)
    {
        GgufTensorInfo tensor = File.RequireTensor(name);
        float[] values = new float[tensor.Columns];
        BlockCodec.Dequantize(tensor.Type, File.Data(tensor), values);
        return values;
    }
}
