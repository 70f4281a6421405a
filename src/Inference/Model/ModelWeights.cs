using Halo.Inference.Gguf;
using Halo.Inference.Kernels;
using Halo.Inference.Model.Architectures;
using Halo.Inference.Model.Pieces;
using Halo.Inference.Quantization;

namespace Halo.Inference.Model;

/// <summary>
/// A model file, opened and checked: every tensor is there, has the right shape and a type that can be computed. Shards are cut from it;
/// they keep pointing into the mapped file, so it must outlive them.
/// </summary>
public sealed unsafe class ModelWeights : IShardSource
{
    private const string EmbeddingName = "token_embd.weight";
    private const string PositionsName = "position_embd.weight";

    // Of what this process may use at most; the rest is for KV, the file's pages and everything else.
    private const double MostOfMemory = 0.6;

    private readonly RopeTable _rope;
    private readonly bool _repack;

    private ModelWeights(GgufFile file, ModelConfig config, WeightMode mode)
    {
        File = file;
        Config = config;
        ModelTensors tensors = new(file);
        CheckMatrices(tensors);
        Vectors = VectorReader.Read(file.Metadata, tensors, config);
        tensors.RefuseOthers(config.Architecture);
        Layout = ReadLayout();
        KernelSelector.Verify(Layout.MatrixTypes);
        _repack = mode == WeightMode.Repacked || (mode == WeightMode.Auto && HasRoomForPanels());
        _rope = Vectors.Rope.Table(config);
        Embedding = new EmbeddingTable(Matrix(EmbeddingName), config.Description.HasLearnedPositions ? Matrix(PositionsName) : null);
    }

    /// <summary>The mapped file.</summary>
    public GgufFile File { get; }

    /// <summary>The model's shape.</summary>
    public ModelConfig Config { get; }

    /// <inheritdoc/>
    public ModelNorms Norms => Vectors.Norms;

    /// <summary>All of the model that is no matrix.</summary>
    internal ModelVectors Vectors { get; }

    /// <summary>Token embeddings.</summary>
    public EmbeddingTable Embedding { get; }

    /// <summary>How the model is cut into groups.</summary>
    public ModelLayout Layout { get; }

    /// <summary>Opens and checks a model.</summary>
    /// <param name="path">The file.</param>
    /// <param name="mode">Where its shards compute from.</param>
    /// <exception cref="GgufFormatException">The file is no usable model; the message says what is wrong with it.</exception>
    public static ModelWeights Open(string path, WeightMode mode = WeightMode.Auto)
    {
        GgufFile file = GgufFile.Open(path);
        try
        {
            return new ModelWeights(file, ModelConfig.Read(file), mode);
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
        return new AttentionShard(Config, _rope, Vectors.Layers[layer].Heads(Config, first, count), parts[0], parts[1], parts[2], parts[3], kv);
    }

    /// <summary>Cuts out neuron groups [first, first + count) of a layer's feed-forward.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The model has no such groups.</exception>
    public FeedForwardShard LoadFeedForward(int layer, int first, int count)
    {
        SlicedMatrix[] parts = Slice(new PieceId(PieceKind.FeedForward, layer, first, count));
        (int firstNeuron, int neurons) = Layout.Neurons(first, count);
        return new FeedForwardShard(FeedForwardPart.Of(parts, Vectors.Layers[layer].Neurons(firstNeuron, neurons)));
    }

    /// <summary>Cuts out token groups [first, first + count) of the LM head.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The model has no such groups.</exception>
    public VocabularyShard LoadVocabulary(int first, int count)
    {
        SlicedMatrix[] parts = Slice(new PieceId(PieceKind.Vocabulary, PieceId.OutputLayer, first, count));
        return new VocabularyShard(first * ModelLayout.TokenGroupSize, new VocabularyPart(parts[0]));
    }

    private string HeadName => File.TryGetTensor("output.weight", out _) ? "output.weight" : EmbeddingName;

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

    private SlicedMatrix[] Slice(PieceId id) => [.. Layout.Cut(id).Select(cut => SlicedMatrix.Of(View(id.Layer, cut), cut, _repack))];

    // As if all of it were to be loaded here: which shards will be is not known yet. Panels take as many bytes as the file.
    private bool HasRoomForPanels() => File.Length <= MostOfMemory * GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    private ModelLayout ReadLayout()
    {
        ArchitectureDescription description = Config.Description;
        bool isFused = description.FusedQueryKeyValue;
        TensorType TypeOf(int layer, string tensor) => File.RequireTensor(LayerName(layer, tensor)).Type;
        TensorType? GateType(int layer) => description.HasGate
            ? TypeOf(layer, description.FeedForward == FeedForwardForm.FusedSwiGlu ? "ffn_up" : "ffn_gate")
            : null;
        LayerTypes[] layers =
        [
            .. Enumerable.Range(0, Config.LayerCount).Select(layer => new LayerTypes(
                TypeOf(layer, isFused ? "attn_qkv" : "attn_q"),
                TypeOf(layer, isFused ? "attn_qkv" : "attn_k"),
                TypeOf(layer, isFused ? "attn_qkv" : "attn_v"),
                TypeOf(layer, "attn_output"),
                GateType(layer),
                TypeOf(layer, "ffn_up"),
                TypeOf(layer, "ffn_down"))),
        ];
        TensorType embedding = File.RequireTensor(EmbeddingName).Type;
        return new ModelLayout(Config, layers, embedding, File.RequireTensor(HeadName).Type, ModelLayout.GroupSizeFor(layers));
    }

    private WeightMatrix Matrix(string name)
    {
        GgufTensorInfo tensor = File.RequireTensor(name);
        return new WeightMatrix(File.DataPointer(tensor), tensor.Type, (int)tensor.Rows, (int)tensor.Columns, RowBytes(tensor));
    }

    private void CheckMatrices(ModelTensors tensors)
    {
        tensors.Check(EmbeddingName, Config.VocabularySize, Config.HiddenSize);
        tensors.Check(HeadName, Config.VocabularySize, Config.HiddenSize);
        if (Config.Description.HasLearnedPositions)
        {
            tensors.Check(PositionsName, ModelConfig.TrainedLength(File.Metadata, Config.Architecture), Config.HiddenSize);
        }

        for (int layer = 0; layer < Config.LayerCount; layer++)
        {
            CheckLayer(tensors, layer);
        }
    }

    private void CheckLayer(ModelTensors tensors, int layer)
    {
        int queryWidth = Config.HeadCount * Config.HeadDim;
        int kvWidth = Config.KvHeadCount * Config.HeadDim;
        bool isFused = Config.Description.FusedQueryKeyValue;
        FeedForwardForm form = Config.Description.FeedForward;
        (string Name, int Rows)[] byRows =
        [
            .. isFused ? [("attn_qkv", queryWidth + 2 * kvWidth)] : new (string, int)[] { ("attn_q", queryWidth), ("attn_k", kvWidth), ("attn_v", kvWidth) },
            .. form == FeedForwardForm.SwiGlu ? [("ffn_gate", Config.IntermediateSize)] : Array.Empty<(string, int)>(),
            ("ffn_up", form == FeedForwardForm.FusedSwiGlu ? 2 * Config.IntermediateSize : Config.IntermediateSize),
        ];
        foreach ((string name, int rows) in byRows)
        {
            tensors.Check(LayerName(layer, name), rows, Config.HiddenSize);
        }

        tensors.Check(LayerName(layer, "attn_output"), Config.HiddenSize, queryWidth);
        tensors.Check(LayerName(layer, "ffn_down"), Config.HiddenSize, Config.IntermediateSize);
    }
}
