using Halo.Inference.Gguf;
using Halo.Inference.Kernels;
using Halo.Inference.Model.Pieces;
using Halo.Inference.Quantization;

namespace Halo.Inference.Model;

/// <summary>
/// A model file, opened and checked: every tensor is there, has the right shape and a type that can be computed. Shards are cut from it;
/// they keep pointing into the mapped file, so it must outlive them.
/// </summary>
public sealed unsafe class ModelWeights : IShardSource
{
    private readonly RopeTable _rope;

    private ModelWeights(GgufFile file, ModelConfig config)
    {
        File = file;
        Config = config;
        CheckTensors();
        Layout = ReadLayout();
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

    /// <summary>How the model is cut into groups.</summary>
    public ModelLayout Layout { get; }

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
        SlicedMatrix[] parts = Slice(new PieceId(PieceKind.Attention, layer, first, count));
        KvCache kv = new(pool, maxSequences, count, Config.ContextLength);
        return new AttentionShard(Config, _rope, parts[0], parts[1], parts[2], parts[3], kv);
    }

    /// <summary>Cuts out neuron groups [first, first + count) of a layer's feed-forward.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The model has no such groups.</exception>
    public FeedForwardShard LoadFeedForward(int layer, int first, int count)
    {
        SlicedMatrix[] parts = Slice(new PieceId(PieceKind.FeedForward, layer, first, count));
        return new FeedForwardShard(new FeedForwardPart(parts[0], parts[1], parts[2]));
    }

    /// <summary>Cuts out token groups [first, first + count) of the LM head.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The model has no such groups.</exception>
    public VocabularyShard LoadVocabulary(int first, int count)
    {
        SlicedMatrix[] parts = Slice(new PieceId(PieceKind.Vocabulary, PieceId.OutputLayer, first, count));
        return new VocabularyShard(first * ModelLayout.TokenGroupSize, new VocabularyPart(parts[0]));
    }

    private string HeadName => File.TryGetTensor("output.weight", out _) ? "output.weight" : "token_embd.weight";

    /// <inheritdoc/>
    public void Dispose()
    {
        _rope.Dispose();
        File.Dispose();
    }

    /// <summary>Views the part of a tensor that <see cref="ModelLayout.Cut"/> names; rows may lie further apart than they are long.</summary>
    internal WeightMatrix View(int layer, in MatrixCut cut)
    {
        string name = layer == PieceId.OutputLayer ? HeadName : LayerName(layer, cut.Tensor);
        return Matrix(name).SliceRows(cut.FirstRow, cut.Rows).SliceColumns(cut.FirstColumn, cut.Columns);
    }

    private static string LayerName(int layer, string tensor) => $"blk.{layer}.{tensor}.weight";

    private static long RowBytes(GgufTensorInfo tensor) => TensorTypes.RowBytes(tensor.Type, tensor.Columns);

    private SlicedMatrix[] Slice(PieceId id) => [.. Layout.Cut(id).Select(cut => SlicedMatrix.Of(View(id.Layer, cut), cut))];

    private ModelLayout ReadLayout()
    {
        TensorType TypeOf(int layer, string tensor) => File.RequireTensor(LayerName(layer, tensor)).Type;
        LayerTypes[] layers =
        [
            .. Enumerable.Range(0, Config.LayerCount).Select(layer => new LayerTypes(
                TypeOf(layer, "attn_q"),
                TypeOf(layer, "attn_k"),
                TypeOf(layer, "attn_v"),
                TypeOf(layer, "attn_output"),
                TypeOf(layer, "ffn_gate"),
                TypeOf(layer, "ffn_up"),
                TypeOf(layer, "ffn_down"))),
        ];
        TensorType embedding = File.RequireTensor("token_embd.weight").Type;
        return new ModelLayout(Config, layers, embedding, File.RequireTensor(HeadName).Type, ModelLayout.GroupSizeFor(layers));
    }

    private WeightMatrix Matrix(string name)
    {
        GgufTensorInfo tensor = File.RequireTensor(name);
        return new WeightMatrix(File.DataPointer(tensor), tensor.Type, (int)tensor.Rows, (int)tensor.Columns, RowBytes(tensor));
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
                $"Tensor {name} is of type {tensor.Type}, which cannot be computed; {TensorTypes.SupportedNames} can.");
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
