namespace Halo.Inference.Padding;

/// <summary>
/// Where each row, column, head and layer of a small model goes in a large one so that the function stays the same.
/// d, f, HD = hidden, intermediate and head size; a prime marks the target.
/// </summary>
/// <remarks>
/// Norms: the mean square over d' elements of which d are in use is d/d' of the old one, so the weights take a factor sqrt(d/d') and
/// epsilon a factor d/d'. Rotary pair i turns by base^(-2i/HD): pair i * HD'/HD of the target turns the same way, for any base.
/// Attention divides by sqrt(HD'), so Wq takes a factor sqrt(HD'/HD).
/// Heads: KV head j is copied c = kvHeads'/kvHeads times, to the KV heads j*c to j*c + c - 1, and its g query heads are shared out
/// among the copies; a query head attends to the same keys and values whichever copy it reads. Query heads of the target that
/// nobody takes have zero columns in Wo, so whatever they attend to adds nothing.
/// </remarks>
internal sealed class PaddingPlan
{
    private readonly int[] _layers; // (target.LayerCount): source layer, or -1 for an identity layer

    internal PaddingPlan(ModelShape source, ModelShape target, TypeMix type)
    {
        List<string> faults = [.. Faults(source, target, type)];
        if (faults.Count > 0)
        {
            throw new ArgumentException($"A model of shape {source} cannot be padded to {target} in {type}: {string.Join(" ", faults)}");
        }

        Source = source;
        Target = target;
        HiddenRows = Identity(target.HiddenSize, source.HiddenSize);
        IntermediateRows = Identity(target.IntermediateSize, source.IntermediateSize);
        (QueryRows, KeyValueRows) = MapHeads(source, target);
        _layers = MapLayers(source.LayerCount, target.LayerCount);
    }

    internal ModelShape Source { get; }

    internal ModelShape Target { get; }

    // Maps give for each index of the target that of the source, or -1 for a zero.
    internal int[] HiddenRows { get; }

    internal int[] IntermediateRows { get; }

    internal int[] QueryRows { get; }

    internal int[] KeyValueRows { get; }

    internal float NormScale => MathF.Sqrt((float)Source.HiddenSize / Target.HiddenSize);

    internal float QueryScale => MathF.Sqrt((float)Target.HeadDim / Source.HeadDim);

    internal float Epsilon(float source) => (float)((double)source * Source.HiddenSize / Target.HiddenSize);

    internal int SourceLayer(int targetLayer) => _layers[targetLayer];

    private static IEnumerable<string> Faults(ModelShape source, ModelShape target, TypeMix type)
    {
        if (target.Faults() is { Count: > 0 } own)
        {
            return own;
        }

        List<string> faults = [];
        foreach ((string name, int old, int wanted) in ((string, int, int)[])[
            ("hidden size", source.HiddenSize, target.HiddenSize), ("intermediate size", source.IntermediateSize, target.IntermediateSize),
            ("layer count", source.LayerCount, target.LayerCount), ("head count", source.HeadCount, target.HeadCount),
            ("KV head count", source.KvHeadCount, target.KvHeadCount)])
        {
            if (wanted < old)
            {
                faults.Add($"The {name} {wanted} is smaller than the source's {old}.");
            }
        }

        if (type.Fault is { } fault)
        {
            faults.Add(fault);
        }
        else
        {
            int block = type.BlockColumns;
            AddBlockFault(faults, "hidden size", target.HiddenSize, block, type);
            AddBlockFault(faults, "intermediate size", target.IntermediateSize, block, type);
        }

        if (target.HeadDim % source.HeadDim != 0)
        {
            faults.Add($"The head size {target.HeadDim} is no multiple of the source's {source.HeadDim}, so rotary frequencies do not match.");
        }

        int copies = target.KvHeadCount / source.KvHeadCount;
        if (copies > 0 && copies * target.HeadsPerKvHead < source.HeadsPerKvHead)
        {
            faults.Add(
                $"{copies} KV heads with {target.HeadsPerKvHead} query heads each cannot take the source's {source.HeadsPerKvHead} "
                + "query heads per KV head.");
        }

        return faults;
    }

    private static void AddBlockFault(List<string> faults, string name, int size, int block, TypeMix type)
    {
        if (size % block != 0)
        {
            faults.Add($"The {name} {size} is no multiple of the {block} elements in a {type} block.");
        }
    }

    private static int[] Identity(int targetSize, int sourceSize)
    {
        int[] map = new int[targetSize];
        map.AsSpan().Fill(-1);
        for (int i = 0; i < sourceSize; i++)
        {
            map[i] = i;
        }

        return map;
    }

    private static (int[] Query, int[] KeyValue) MapHeads(ModelShape source, ModelShape target)
    {
        int[] query = Identity(target.HeadCount * target.HeadDim, 0);
        int[] keyValue = Identity(target.KvHeadCount * target.HeadDim, 0);
        int copies = target.KvHeadCount / source.KvHeadCount;
        int headsPerCopy = (source.HeadsPerKvHead + copies - 1) / copies;
        for (int j = 0; j < source.KvHeadCount; j++)
        {
            for (int copy = 0; copy < copies; copy++)
            {
                MapChannels(keyValue, (j * copies) + copy, j, source.HeadDim, target.HeadDim);
            }

            for (int slot = 0; slot < source.HeadsPerKvHead; slot++)
            {
                int newGroup = (j * copies) + (slot / headsPerCopy);
                int newHead = (newGroup * target.HeadsPerKvHead) + (slot % headsPerCopy);
                MapChannels(query, newHead, (j * source.HeadsPerKvHead) + slot, source.HeadDim, target.HeadDim);
            }
        }

        return (query, keyValue);
    }

    // Channels 2i and 2i + 1 are rotary pair i.
    private static void MapChannels(int[] map, int newHead, int oldHead, int oldHeadDim, int newHeadDim)
    {
        int stride = newHeadDim / oldHeadDim;
        for (int channel = 0; channel < oldHeadDim; channel++)
        {
            int newChannel = (channel / 2 * 2 * stride) + (channel % 2);
            map[(newHead * newHeadDim) + newChannel] = (oldHead * oldHeadDim) + channel;
        }
    }

    private static int[] MapLayers(int sourceCount, int targetCount)
    {
        int[] map = Identity(targetCount, 0);
        for (int layer = 0; layer < sourceCount; layer++)
        {
            map[layer * (targetCount / sourceCount)] = layer;
        }

        return map;
    }
}
