using System.Numerics.Tensors;
using Halo.Inference.Model;
using Halo.Inference.Model.Pieces;
using Halo.Inference.Model.Streaming;
using Halo.Inference.Tests.Model.Pieces;
using Halo.Inference.Threading;

namespace Halo.Inference.Tests.Model.Streaming;

/// <summary>A model on one board whose weights are pieces: in memory, or streamed within a budget.</summary>
internal sealed class StreamedModel : IDisposable
{
    private readonly ModelWeights _weights;
    private readonly WorkerTeam _team = new(2, "test", spin: false);
    private readonly KvBlockPool _pool;
    private readonly IShardSource _source;
    private readonly LayerWalk _walk;
    private readonly float[] _logits;

    /// <param name="path">The model.</param>
    /// <param name="pieceBytes">Bytes of a full piece.</param>
    /// <param name="options">How to stream; null maps all pieces instead.</param>
    /// <param name="budget">Bytes for weights.</param>
    internal StreamedModel(string path, int pieceBytes, StreamingOptions? options, long budget = 0)
    {
        _weights = ModelWeights.Open(path);
        Folder = new PieceFolder(_weights, pieceBytes);
        Streamed = options is null ? null : new StreamedWeights(Folder.Manifest, id => new PieceLocation(Folder.Cut(id)), options) { WeightBytes = budget };
        _source = Streamed is null ? new PieceWeights(Folder.Manifest, Folder.Open) : Streamed;
        _pool = new KvBlockPool(Config.HeadDim, maxBlocks: 10_000);
        _walk = new LayerWalk(_source, new StepLimits(), _team);
        Table = NewTable();
        for (int layer = 0; layer < Config.LayerCount; layer++)
        {
            Table.Attention[layer].Add(_source.LoadAttention(layer, 0, Config.KvHeadCount, _pool, maxSequences: 4));
            Table.FeedForward[layer].Add(_source.LoadFeedForward(layer, 0, _weights.Layout.NeuronGroupCount));
        }

        Table.Vocabulary.Add(_source.LoadVocabulary(0, _weights.Layout.TokenGroupCount));
        _logits = new float[new StepLimits().MaxLogitRows * Config.VocabularySize];
    }

    internal ModelConfig Config => _weights.Config;

    internal PieceFolder Folder { get; }

    internal StreamedWeights? Streamed { get; }

    internal ShardTable Table { get; private set; }

    /// <summary>Bytes of all pieces.</summary>
    internal long PieceBytes => Table.StreamedStages.SelectMany(stage => stage.Slots).Sum(slot => slot.BufferBytes);

    internal long LargestPiece => Table.StreamedStages.SelectMany(stage => stage.Slots).Max(slot => slot.BufferBytes);

    /// <summary>Puts the same shards into a new table, as another plan does.</summary>
    internal void Replan()
    {
        ShardTable old = Table;
        Table = NewTable();
        for (int layer = 0; layer < Config.LayerCount; layer++)
        {
            Table.Attention[layer].AddRange(old.Attention[layer]);
            Table.FeedForward[layer].AddRange(old.FeedForward[layer]);
        }

        Table.Vocabulary.AddRange(old.Vocabulary);
    }

    /// <summary>Runs a step.</summary>
    /// <param name="step">The step.</param>
    /// <param name="stages">After how many stages it is given up; all of them where it is left out.</param>
    /// <returns>Its logits.</returns>
    internal float[] Forward(Step step, int? stages = null)
    {
        float[] embeddings = new float[step.Rows.Count * Config.HiddenSize];
        for (int row = 0; row < step.Rows.Count; row++)
        {
            _weights.Embedding.Lookup(step.Rows[row].TokenId, step.Rows[row].Position, embeddings.AsSpan(row * Config.HiddenSize, Config.HiddenSize));
        }

        _walk.Begin(step, embeddings, Table);
        float[] sum = new float[embeddings.Length];
        for (int stage = 0; stage < Math.Min(stages ?? int.MaxValue, 2 * Config.LayerCount); stage++)
        {
            Stage(stage, sum);
            TensorPrimitives.Add(_walk.Residual, sum, _walk.Residual);
        }

        if (stages is not null)
        {
            return [];
        }

        int length = step.LogitRows.Count * Config.VocabularySize;
        if (length > 0)
        {
            _walk.NormalizeLogitRows();
            _walk.Logits(_walk.Vocabulary[0], _logits, Config.VocabularySize);
        }

        _walk.End();
        return _logits[..length];
    }

    /// <summary>A few steps: prefill without logits, with some, single tokens, a sequence that ends.</summary>
    internal static IEnumerable<Step> Steps(int vocabularySize)
    {
        Random random = new(5);
        int position = 0;
        foreach ((int rows, bool logits) in new[] { (6, false), (5, true), (1, true), (0, false), (1, true), (1, true) })
        {
            Step step = new();
            for (int row = 0; row < rows; row++)
            {
                step.Rows.Add(new StepRow(1, position++, random.Next(vocabularySize)));
            }

            if (logits)
            {
                step.LogitRows.Add(rows - 1);
            }

            if (rows == 0)
            {
                step.Releases.Add(1);
                position = 0;
            }

            yield return step;
        }
    }

    public void Dispose()
    {
        Streamed?.Dispose();
        Table.Attention.SelectMany(layer => layer).ToList().ForEach(shard => shard.Dispose());
        Table.FeedForward.SelectMany(layer => layer).ToList().ForEach(shard => shard.Dispose());
        Table.Vocabulary.ForEach(shard => shard.Dispose());
        _walk.Dispose();
        _pool.Dispose();
        if (Streamed is null)
        {
            _source.Dispose();
        }

        Folder.Dispose();
        _weights.Dispose();
        _team.Dispose();
    }

    private void Stage(int stage, float[] sum)
    {
        if (stage % 2 == 0)
        {
            _walk.Attention(stage / 2, sum);
        }
        else
        {
            _walk.FeedForward(stage / 2, sum);
        }
    }

    private ShardTable NewTable() => new(Config.LayerCount) { Streamed = Streamed };
}
