using System.Numerics.Tensors;
using Halo.Inference.Model.Observation;
using Halo.Inference.Model.Pieces;
using Halo.Inference.Threading;

namespace Halo.Inference.Model;

/// <summary>A whole model on one machine: every shard in one place, nothing to add up with others. The oracle that sharded runs are compared with.</summary>
public sealed class Transformer : IDisposable
{
    private readonly ModelWeights _weights;
    private readonly StepLimits _limits;
    private readonly KvBlockPool _pool;
    private readonly LayerWalk _walk;
    private readonly ShardTable _shards;
    private readonly float[] _embeddings;  // (rows, hiddenSize)
    private readonly float[] _partialSum;  // (rows, hiddenSize)
    private readonly float[] _logits;      // (logitRows, vocabularySize)

    /// <param name="weights">The model; it must outlive this.</param>
    /// <param name="limits">Sizes of a step.</param>
    /// <param name="team">The threads that compute.</param>
    public Transformer(ModelWeights weights, StepLimits limits, WorkerTeam team)
    {
        ModelConfig config = weights.Config;
        _weights = weights;
        _limits = limits;
        long blocksPerSequence = (config.ContextLength + KvBlockPool.BlockPositions - 1) / KvBlockPool.BlockPositions;
        _pool = new KvBlockPool(config.HeadDim, limits.MaxSequences * blocksPerSequence * config.KvHeadCount * config.LayerCount, limits.KvType);
        _walk = new LayerWalk(weights, limits, team);
        _shards = LoadAll();
        _embeddings = new float[limits.MaxRows * config.HiddenSize];
        _partialSum = new float[limits.MaxRows * config.HiddenSize];
        _logits = new float[limits.MaxLogitRows * config.VocabularySize];
    }

    /// <summary>Blocks of KV in use.</summary>
    public long KvBlocks => _pool.RentedBlocks;

    /// <summary>Computes a step.</summary>
    /// <param name="step">The step.</param>
    /// <param name="observer">Sees every stage, and may change its output.</param>
    /// <returns>The logits of the wanted rows, row-major (logitRows, vocabularySize), valid until the next call.</returns>
    /// <exception cref="StepException">The step does not fit; see <see cref="LayerWalk.Begin"/>.</exception>
    public ReadOnlySpan<float> Forward(Step step, IStageObserver? observer = null)
    {
        int hiddenSize = _weights.Config.HiddenSize;
        int rows = Math.Min(step.Rows.Count, _limits.MaxRows);
        for (int row = 0; row < rows; row++)
        {
            _weights.Embedding.Lookup(step.Rows[row].TokenId, step.Rows[row].Position, _embeddings.AsSpan(row * hiddenSize, hiddenSize));
        }

        _walk.Begin(step, _embeddings.AsSpan(0, rows * hiddenSize), _shards);
        bool hasGate = _weights.Config.Description.HasGate;
        Span<float> partialSum = _partialSum.AsSpan(0, rows * hiddenSize);
        for (int layer = 0; layer < _weights.Config.LayerCount; layer++)
        {
            _walk.Attention(layer, partialSum);
            observer?.Observe(new StageView(PieceKind.Attention, layer, _walk.Scratch, partialSum, hasGate));
            TensorPrimitives.Add(_walk.Residual, partialSum, _walk.Residual);
            _walk.FeedForward(layer, partialSum);
            observer?.Observe(new StageView(PieceKind.FeedForward, layer, _walk.Scratch, partialSum, hasGate));
            TensorPrimitives.Add(_walk.Residual, partialSum, _walk.Residual);
        }

        int vocabularySize = _weights.Config.VocabularySize;
        if (_walk.LogitRowCount > 0)
        {
            _walk.NormalizeLogitRows();
            _walk.Logits(_shards.Vocabulary[0], _logits, vocabularySize);
        }

        _walk.End();
        return _logits.AsSpan(0, _walk.LogitRowCount * vocabularySize);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (List<AttentionShard> layer in _shards.Attention)
        {
            layer.ForEach(shard => shard.Dispose());
        }

        foreach (List<FeedForwardShard> layer in _shards.FeedForward)
        {
            layer.ForEach(shard => shard.Dispose());
        }

        _shards.Vocabulary.ForEach(shard => shard.Dispose());
        _walk.Dispose();
        _pool.Dispose();
    }

    private ShardTable LoadAll()
    {
        ShardTable shards = new(_weights.Config.LayerCount);
        for (int layer = 0; layer < _weights.Config.LayerCount; layer++)
        {
            shards.Attention[layer].Add(_weights.LoadAttention(layer, 0, _weights.Config.KvHeadCount, _pool, _limits.MaxSequences));
            shards.FeedForward[layer].Add(_weights.LoadFeedForward(layer, 0, _weights.Layout.NeuronGroupCount));
        }

        shards.Vocabulary.Add(_weights.LoadVocabulary(0, _weights.Layout.TokenGroupCount));
        return shards;
    }
}
