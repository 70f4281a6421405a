using System.Numerics.Tensors;
using Halo.Inference.Model;
using Halo.Inference.Quantization;
using Halo.Inference.Threading;

namespace Halo.Inference.Tests.Model;

/// <summary>A model cut into pieces, dealt out over several walks whose partial sums are added in order, as boards do.</summary>
internal sealed class ShardedModel : IDisposable
{
    private readonly ModelWeights _weights;
    private readonly IShardSource _source;
    private readonly WorkerTeam _team = new(1, "test", spin: false);
    private readonly KvBlockPool _pool;
    private readonly List<LayerWalk> _walks = [];
    private readonly List<ShardTable> _tables = [];

    /// <param name="path">The model.</param>
    /// <param name="pieces">Cuts of every stage; a stage of fewer groups is cut into those.</param>
    /// <param name="walks">Boards; with fewer than pieces some hold several shards of a stage.</param>
    /// <param name="source">Where the shards come from, made of the open model; the model itself where it is left out.</param>
    /// <param name="kvType">How keys and values are kept.</param>
    internal ShardedModel(string path, int pieces, int walks, Func<ModelWeights, IShardSource>? source = null, KvType kvType = KvType.F16)
    {
        _weights = ModelWeights.Open(path);
        _source = source?.Invoke(_weights) ?? _weights;
        ModelConfig config = _weights.Config;
        _pool = new KvBlockPool(config.HeadDim, maxBlocks: 10_000, kvType);
        for (int walk = 0; walk < walks; walk++)
        {
            _walks.Add(new LayerWalk(_source, new StepLimits(), _team));
            _tables.Add(new ShardTable(config.LayerCount));
        }

        for (int layer = 0; layer < config.LayerCount; layer++)
        {
            Deal(config.KvHeadCount, pieces, (table, first, count) =>
                table.Attention[layer].Add(_source.LoadAttention(layer, first, count, _pool, maxSequences: 4)));
            Deal(_weights.Layout.NeuronGroupCount, pieces, (table, first, count) =>
                table.FeedForward[layer].Add(_source.LoadFeedForward(layer, first, count)));
        }

        Deal(_weights.Layout.TokenGroupCount, pieces, (table, first, count) => table.Vocabulary.Add(_source.LoadVocabulary(first, count)));
    }

    internal ModelConfig Config => _weights.Config;

    /// <summary>Runs a step and returns its logits (logitRows, vocabularySize).</summary>
    internal float[] Forward(Step step)
    {
        Begin(step);
        for (int stage = 0; stage < 2 * Config.LayerCount; stage++)
        {
            Add(Total(stage));
        }

        return Finish(step);
    }

    internal void Begin(Step step)
    {
        float[] embeddings = new float[step.Rows.Count * Config.HiddenSize];
        for (int row = 0; row < step.Rows.Count; row++)
        {
            _weights.Embedding.Lookup(step.Rows[row].TokenId, step.Rows[row].Position, embeddings.AsSpan(row * Config.HiddenSize, Config.HiddenSize));
        }

        for (int walk = 0; walk < _walks.Count; walk++)
        {
            _walks[walk].Begin(step, embeddings, _tables[walk]);
        }
    }

    /// <summary>The sum of all pieces' parts of a stage; attention of layer l is 2l, feed-forward 2l + 1.</summary>
    internal float[] Total(int stage)
    {
        (int layer, bool attention) = (stage / 2, stage % 2 == 0);
        float[] total = new float[_walks[0].Residual.Length];
        foreach (LayerWalk walk in _walks.Where(walk => attention ? walk.HoldsAttention(layer) : walk.HoldsFeedForward(layer)))
        {
            float[] sum = new float[total.Length];
            if (attention)
            {
                walk.Attention(layer, sum);
            }
            else
            {
                walk.FeedForward(layer, sum);
            }

            TensorPrimitives.Add(total, sum, total);
        }

        return total;
    }

    internal void Add(float[] total) => _walks.ForEach(walk => TensorPrimitives.Add(walk.Residual, total, walk.Residual));

    internal float[] Finish(Step step)
    {
        float[] logits = new float[step.LogitRows.Count * Config.VocabularySize];
        foreach (LayerWalk walk in _walks)
        {
            walk.NormalizeLogitRows();
            foreach (VocabularyShard shard in walk.Vocabulary)
            {
                walk.Logits(shard, logits.AsSpan(shard.FirstToken), Config.VocabularySize);
            }

            walk.End();
        }

        return logits;
    }

    public void Dispose()
    {
        foreach (ShardTable table in _tables)
        {
            table.Attention.SelectMany(layer => layer).ToList().ForEach(shard => shard.Dispose());
            table.FeedForward.SelectMany(layer => layer).ToList().ForEach(shard => shard.Dispose());
            table.Vocabulary.ForEach(shard => shard.Dispose());
        }

        Assert.Equal(0, _pool.RentedBlocks);
        _walks.ForEach(walk => walk.Dispose());
        _pool.Dispose();
        _team.Dispose();
        _source.Dispose();
        _weights.Dispose();
    }

    private void Deal(int groups, int pieces, Action<ShardTable, int, int> load)
    {
        for (int piece = 0; piece < pieces; piece++)
        {
            (int first, int end) = WorkerTeam.Split(groups, piece, pieces);
            if (first < end)
            {
                load(_tables[piece % _tables.Count], first, end - first);
            }
        }
    }
}
