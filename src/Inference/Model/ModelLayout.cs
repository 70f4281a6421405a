using Halo.Inference.Model.Architectures;
using Halo.Inference.Model.Pieces;
using Halo.Inference.Quantization;

namespace Halo.Inference.Model;

/// <summary>
/// How a model is cut, without its weights: the groups of each kind, what one of them takes, and which part of which tensor belongs to it.
/// </summary>
public sealed class ModelLayout
{
    internal const int SmallestGroup = 32;

    internal ModelLayout(ModelConfig config, IReadOnlyList<LayerTypes> layers, TensorType embedding, TensorType head, int neuronGroupSize)
    {
        Config = config;
        Layers = layers;
        Embedding = embedding;
        Head = head;
        NeuronGroupSize = neuronGroupSize;
    }

    /// <summary>The model's shape.</summary>
    public ModelConfig Config { get; }

    /// <summary>Types of each layer's matrices.</summary>
    public IReadOnlyList<LayerTypes> Layers { get; }

    /// <summary>Type of the embedding table.</summary>
    public TensorType Embedding { get; }

    /// <summary>Type of the LM head.</summary>
    public TensorType Head { get; }

    /// <summary>Neurons in one neuron group: a whole number of quantisation blocks. The last group of a layer may have fewer.</summary>
    public int NeuronGroupSize { get; }

    /// <summary>Tokens in one token group; the last may have fewer.</summary>
    public static int TokenGroupSize => SmallestGroup;

    /// <summary>Head groups of a layer.</summary>
    public int HeadGroupCount => Config.KvHeadCount;

    /// <summary>Neuron groups of a layer.</summary>
    public int NeuronGroupCount => GroupsFor(Config.IntermediateSize, NeuronGroupSize);

    /// <summary>Token groups of the LM head.</summary>
    public int TokenGroupCount => GroupsFor(Config.VocabularySize, TokenGroupSize);

    /// <summary>Bytes of weights of one head group, the largest over the layers, covering blocks included.</summary>
    public long HeadGroupBytes => Layers.Max(types =>
    {
        // Where a group starts within a block repeats after as many groups as a block has columns.
        int covered = Enumerable.Range(0, Math.Min(Config.KvHeadCount, TensorTypes.BlockColumns(types.Output)))
            .Max(group => Cover(types.Output, QueryWidth, group * Config.GroupWidth, Config.GroupWidth).Count);
        return TensorTypes.RowBytes(types.Query, Config.HiddenSize) * Config.GroupWidth
            + (TensorTypes.RowBytes(types.Key, Config.HiddenSize) + TensorTypes.RowBytes(types.Value, Config.HiddenSize)) * Config.HeadDim
            + TensorTypes.RowBytes(types.Output, covered) * Config.HiddenSize;
    });

    /// <summary>Bytes of weights of one full neuron group, the largest over the layers.</summary>
    public long NeuronGroupBytes => Layers.Max(types =>
    {
        int neurons = Math.Min(NeuronGroupSize, Config.IntermediateSize);
        return (types.GateBytes(Config.HiddenSize) + TensorTypes.RowBytes(types.Up, Config.HiddenSize)) * neurons
            + TensorTypes.RowBytes(types.Down, neurons) * Config.HiddenSize;
    });

    /// <summary>Bytes of weights of one full token group.</summary>
    public long TokenGroupBytes => TensorTypes.RowBytes(Head, Config.HiddenSize) * TokenGroupSize;

    /// <summary>Bytes of the embedding table; learned positions, where there are any, count as if they had its type.</summary>
    public long EmbeddingBytes => TensorTypes.RowBytes(Embedding, Config.HiddenSize)
        * (Config.VocabularySize + (Config.Description.HasLearnedPositions ? (long)Config.ContextLength : 0));

    /// <summary>Groups of a kind in one layer, or in the LM head.</summary>
    public int GroupCount(PieceKind kind) => kind switch
    {
        PieceKind.Attention => HeadGroupCount,
        PieceKind.FeedForward => NeuronGroupCount,
        PieceKind.Vocabulary => TokenGroupCount,
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    private int QueryWidth => Config.HeadCount * Config.HeadDim;

    /// <summary>Neurons in a group that suit all layers: whole blocks of every down projection, which is cut by columns.</summary>
    internal static int GroupSizeFor(IReadOnlyList<LayerTypes> layers) =>
        layers.Max(types => Math.Max(SmallestGroup, TensorTypes.BlockColumns(types.Down)));

    /// <summary>The smallest run of whole quantisation blocks that covers columns [first, first + count).</summary>
    internal static (int First, int Count) Cover(TensorType type, int columns, int first, int count)
    {
        int block = TensorTypes.BlockColumns(type);
        int coverFirst = first / block * block;
        int coverEnd = Math.Min(columns, (first + count + block - 1) / block * block);
        return (coverFirst, coverEnd - coverFirst);
    }

    /// <summary>
    /// The parts of tensors that a run of groups is made of: query, key, value, output; gate, if there is one, up, down; or rows of the
    /// LM head.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The model has no such layer or groups.</exception>
    internal MatrixCut[] Cut(PieceId id)
    {
        CheckRange(id);
        int layer = id.Layer;
        switch (id.Kind)
        {
            case PieceKind.Attention:
                (int firstQuery, int queries) = (id.FirstGroup * Config.GroupWidth, id.GroupCount * Config.GroupWidth);
                (int firstKey, int keys) = (id.FirstGroup * Config.HeadDim, id.GroupCount * Config.HeadDim);
                return
                [
                    .. QueryKeyValue(Layers[layer], (firstQuery, queries), (firstKey, keys)),
                    OfColumns("attn_output", Layers[layer].Output, QueryWidth, firstQuery, queries),
                ];
            case PieceKind.FeedForward:
                (int firstNeuron, int neurons) = Neurons(id.FirstGroup, id.GroupCount);
                return
                [
                    .. GateAndUp(Layers[layer], firstNeuron, neurons),
                    OfColumns("ffn_down", Layers[layer].Down, Config.IntermediateSize, firstNeuron, neurons),
                ];
            default:
                (int firstToken, int tokens) = Elements(id.FirstGroup, id.GroupCount, TokenGroupSize, Config.VocabularySize);
                return [OfRows("output", Head, firstToken, tokens)];
        }
    }

    /// <summary>The neurons of a run of neuron groups.</summary>
    internal (int First, int Count) Neurons(int firstGroup, int groups) => Elements(firstGroup, groups, NeuronGroupSize, Config.IntermediateSize);

    // Where they lie in one tensor, all queries come first, then all keys, then all values.
    private MatrixCut[] QueryKeyValue(LayerTypes types, (int First, int Count) queries, (int First, int Count) keys)
    {
        int kvWidth = Config.KvHeadCount * Config.HeadDim;
        return Config.Description.FusedQueryKeyValue
            ?
            [
                OfRows("attn_qkv", types.Query, queries.First, queries.Count),
                OfRows("attn_qkv", types.Key, QueryWidth + keys.First, keys.Count),
                OfRows("attn_qkv", types.Value, QueryWidth + kvWidth + keys.First, keys.Count),
            ]
            :
            [
                OfRows("attn_q", types.Query, queries.First, queries.Count),
                OfRows("attn_k", types.Key, keys.First, keys.Count),
                OfRows("attn_v", types.Value, keys.First, keys.Count),
            ];
    }

    private MatrixCut[] GateAndUp(LayerTypes types, int first, int count) => Config.Description.FeedForward switch
    {
        FeedForwardForm.SwiGlu => [OfRows("ffn_gate", types.Gate!.Value, first, count), OfRows("ffn_up", types.Up, first, count)],
        FeedForwardForm.FusedSwiGlu =>
            [OfRows("ffn_up", types.Gate!.Value, first, count), OfRows("ffn_up", types.Up, Config.IntermediateSize + first, count)],
        _ => [OfRows("ffn_up", types.Up, first, count)],
    };

    private static int GroupsFor(int elements, int groupSize) => (elements + groupSize - 1) / groupSize;

    private static (int First, int Count) Elements(int firstGroup, int groups, int groupSize, int elements)
    {
        int first = firstGroup * groupSize;
        return (first, Math.Min(elements, (firstGroup + groups) * groupSize) - first);
    }

    private MatrixCut OfRows(string tensor, TensorType type, int first, int count) => new(tensor, type, first, count, 0, Config.HiddenSize, 0);

    private MatrixCut OfColumns(string tensor, TensorType type, int columns, int first, int count)
    {
        (int coverFirst, int coverCount) = Cover(type, columns, first, count);
        return new MatrixCut(tensor, type, 0, Config.HiddenSize, coverFirst, coverCount, first - coverFirst);
    }

    /// <summary>Refuses groups that the model does not have.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It has no such layer or groups.</exception>
    internal void CheckRange(PieceId id)
    {
        bool hasLayer = id.Kind == PieceKind.Vocabulary ? id.Layer == PieceId.OutputLayer : id.Layer >= 0 && id.Layer < Config.LayerCount;
        if (!Enum.IsDefined(id.Kind) || !hasLayer || id.FirstGroup < 0 || id.GroupCount < 1 || id.FirstGroup > GroupCount(id.Kind) - id.GroupCount)
        {
            throw new ArgumentOutOfRangeException(
                nameof(id), $"{Config.Name} has no groups {id}: it has {Config.LayerCount} layers of {HeadGroupCount} head groups and {NeuronGroupCount} "
                + $"neuron groups, and {TokenGroupCount} token groups.");
        }
    }
}
