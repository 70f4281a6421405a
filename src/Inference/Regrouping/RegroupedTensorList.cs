using Halo.Inference.Gguf;
using Halo.Inference.Model;
using Halo.Inference.Quantization;

namespace Halo.Inference.Regrouping;

/// <summary>Lists the tensors of a regrouped model after checking that the orders fit it.</summary>
internal static class RegroupedTensorList
{
    internal static List<RegroupedTensor> Build(ModelWeights source, IReadOnlyList<LayerOrder> layers, TensorType? requantize)
    {
        ModelConfig config = source.Config;
        if (layers.Count != config.LayerCount)
        {
            throw new ArgumentException($"There are orders for {layers.Count} layers; {config.Name} has {config.LayerCount}.", nameof(layers));
        }

        ModelRegrouper.CheckType(source, requantize);
        Dictionary<string, (IReadOnlyList<int>? Rows, IReadOnlyList<int>? Columns)> moves = [];
        for (int layer = 0; layer < layers.Count; layer++)
        {
            AddLayer(moves, source, layer, layers[layer], requantize);
        }

        List<RegroupedTensor> tensors = [];
        foreach (GgufTensorInfo info in source.File.TensorList)
        {
            bool inLayer = info.Name.StartsWith("blk.", StringComparison.Ordinal);
            bool moved = moves.TryGetValue(info.Name, out (IReadOnlyList<int>? Rows, IReadOnlyList<int>? Columns) move);
            if (inLayer && !moved && !info.Name.EndsWith("_norm.weight", StringComparison.Ordinal))
            {
                throw new GgufFormatException(
                    $"{source.File.Path}: tensor '{info.Name}' is not one of a plain LLaMA model, so that it would be left in the old order.");
            }

            TensorType type = requantize is { } wanted && info.Dimensions.Count > 1 ? wanted : info.Type;
            tensors.Add(new RegroupedTensor(info, type, move.Rows, move.Columns));
        }

        return tensors;
    }

    private static void AddLayer(
        Dictionary<string, (IReadOnlyList<int>? Rows, IReadOnlyList<int>? Columns)> moves,
        ModelWeights source,
        int layer,
        LayerOrder order,
        TensorType? requantize)
    {
        ModelConfig config = source.Config;
        LayerTypes types = source.Layout.Layers[layer];
        CheckOrder(order.Neurons, config.IntermediateSize, $"neurons of layer {layer}");
        CheckOrder(order.HeadGroups, config.KvHeadCount, $"head groups of layer {layer}");
        int[] queries = LayerOrder.OfGroups(order.HeadGroups, config.GroupWidth, config.HeadCount * config.HeadDim);
        int[] keys = LayerOrder.OfGroups(order.HeadGroups, config.HeadDim, config.KvHeadCount * config.HeadDim);
        CheckBlocks(order.Neurons, ModelRegrouper.Unit(types.Down, requantize), $"neurons of layer {layer}");
        CheckBlocks(queries, ModelRegrouper.Unit(types.Output, requantize), $"head groups of layer {layer}");
        moves[Name("attn_q")] = (queries, null);
        moves[Name("attn_k")] = (keys, null);
        moves[Name("attn_v")] = (keys, null);
        moves[Name("attn_output")] = (null, queries);
        moves[Name("ffn_gate")] = (order.Neurons, null);
        moves[Name("ffn_up")] = (order.Neurons, null);
        moves[Name("ffn_down")] = (null, order.Neurons);

        string Name(string part) => $"blk.{layer}.{part}.weight";
    }

    private static void CheckOrder(IReadOnlyList<int> order, int count, string what)
    {
        if (order.Count != count || !order.Order().SequenceEqual(Enumerable.Range(0, count)))
        {
            throw new ArgumentException($"The order of the {what} is not one of all {count}, each once.");
        }
    }

    private static void CheckBlocks(IReadOnlyList<int> order, int unit, string what)
    {
        for (int i = 0; i < order.Count; i++)
        {
            int blockStart = order[i - (i % unit)];
            if (blockStart % unit != 0 || order[i] != blockStart + (i % unit))
            {
                throw new ArgumentException($"The order of the {what} splits a quantisation block of {unit} columns.");
            }
        }
    }
}
