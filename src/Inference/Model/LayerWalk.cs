using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Halo.Inference.Memory;
using Halo.Inference.Model.Pieces;
using Halo.Inference.Threading;

namespace Halo.Inference.Model;

/// <summary>
/// One board's way through a step: it holds the whole residual stream and computes its own shards' part of every stage. Between the stages
/// somebody else adds up the boards' partial sums and writes the total to <see cref="Residual"/>. A row's result does not depend on which
/// other rows share its step.
/// </summary>
public sealed unsafe class LayerWalk : IDisposable
{
    private readonly ModelConfig _config;
    private readonly ModelNorms _norms;
    private readonly StageScratch _scratch;
    private readonly AlignedBuffer<float> _residual; // (rows, hiddenSize)
    private readonly int[] _logitRows;
    private readonly int[] _lengths; // per row: the sequence's length once the row is in
    private ShardTable _shards;
    private int _logitRowCount;

    /// <param name="source">The model; its shape and norms are taken from it.</param>
    /// <param name="limits">Sizes of a step.</param>
    /// <param name="team">The threads that compute.</param>
    public LayerWalk(IShardSource source, StepLimits limits, WorkerTeam team)
    {
        _config = source.Config;
        _norms = source.Norms;
        _scratch = new StageScratch(_config, limits.MaxRows, team);
        _residual = new AlignedBuffer<float>((long)limits.MaxRows * _config.HiddenSize);
        _logitRows = new int[limits.MaxLogitRows];
        _lengths = new int[limits.MaxRows];
        _shards = new ShardTable(_config.LayerCount);
        Sequences = new SequenceTable(limits.MaxSequences);
    }

    /// <summary>The sequences whose KV this board knows.</summary>
    public SequenceTable Sequences { get; }

    /// <summary>The residual stream of the step's rows, row-major (rows, hiddenSize).</summary>
    public Span<float> Residual => _residual.Slice(0, _scratch.RowCount * _config.HiddenSize);

    /// <summary>What the stage just computed has left behind, until the next one begins.</summary>
    internal StageScratch Scratch => _scratch;

    /// <summary>Rows whose logits the step wants.</summary>
    public int LogitRowCount => _logitRowCount;

    /// <summary>Takes up a step: frees, cuts and copies sequences, makes room for the rows, and starts the residual from the embeddings.</summary>
    /// <param name="step">The step.</param>
    /// <param name="embeddings">The rows' embeddings (rows, hiddenSize).</param>
    /// <param name="shards">The shards to compute with, until the next call.</param>
    /// <exception cref="StepException">The step does not fit what the board knows; its sequences keep their lengths.</exception>
    public void Begin(Step step, ReadOnlySpan<float> embeddings, ShardTable shards)
    {
        _shards = shards;
        CheckSize(step, embeddings);
        ApplyReleases(step.Releases);
        ApplyTruncations(step.Truncations);
        ApplyForks(step.Forks);
        PlaceRows(step);
        embeddings.CopyTo(Residual);
        if (step.Rows.Count > 0)
        {
            _shards.Streamed?.BeginStep(_shards, _logitRowCount > 0);
        }
    }

    /// <summary>Whether this board holds an attention shard of a layer.</summary>
    public bool HoldsAttention(int layer) => _shards.Attention[layer].Count > 0;

    /// <summary>Whether this board holds a feed-forward shard of a layer.</summary>
    public bool HoldsFeedForward(int layer) => _shards.FeedForward[layer].Count > 0;

    /// <summary>Computes this board's part of a layer's attention into <paramref name="partialSum"/> (rows, hiddenSize).</summary>
    public void Attention(int layer, Span<float> partialSum)
    {
        Prepare(PieceKind.Attention, layer, _shards.Attention[layer], _norms.OfStage(2 * layer));
        AddUp(_shards.Attention[layer], partialSum);
    }

    /// <summary>Computes this board's part of a layer's feed-forward into <paramref name="partialSum"/> (rows, hiddenSize).</summary>
    public void FeedForward(int layer, Span<float> partialSum)
    {
        Prepare(PieceKind.FeedForward, layer, _shards.FeedForward[layer], _norms.OfStage((2 * layer) + 1));
        AddUp(_shards.FeedForward[layer], partialSum);
    }

    /// <summary>The vocabulary shards to call <see cref="Logits"/> for, after <see cref="NormalizeLogitRows"/>.</summary>
    public ReadOnlySpan<VocabularyShard> Vocabulary => CollectionsMarshal.AsSpan(_shards.Vocabulary);

    /// <summary>Applies the output norm to the rows whose logits are wanted.</summary>
    public void NormalizeLogitRows()
    {
        bool quantize = false;
        foreach (VocabularyShard shard in _shards.Vocabulary)
        {
            quantize |= shard.NeedsQuantizedInput;
        }

        _scratch.Normed.SetShape(_logitRowCount, _config.HiddenSize);
        for (int i = 0; i < _logitRowCount; i++)
        {
            _norms.Output.Apply(ResidualRow(_logitRows[i]), _scratch.Normed.Row(i));
        }

        if (quantize)
        {
            _scratch.Normed.Quantize(0, _logitRowCount);
        }
    }

    /// <summary>Writes a shard's logits: row i's start at <c>logits[i * stride]</c>.</summary>
    public void Logits(VocabularyShard shard, Span<float> logits, int stride)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(logits.Length, (_logitRowCount - 1) * stride + shard.TokenCount, nameof(logits));
        fixed (float* pointer = logits)
        {
            shard.Forward(_scratch, pointer, stride);
        }
    }

    /// <summary>Ends a step that went through: the rows are now part of their sequences.</summary>
    public void End()
    {
        for (int row = 0; row < _scratch.RowCount; row++)
        {
            Sequences.Extend(_scratch.Slots[row], _lengths[row]);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _scratch.Dispose();
        _residual.Dispose();
    }

    private ReadOnlySpan<float> ResidualRow(int row) => _residual.Slice((long)row * _config.HiddenSize, _config.HiddenSize);

    private void CheckSize(Step step, ReadOnlySpan<float> embeddings)
    {
        if (step.Rows.Count > _scratch.MaxRows || step.LogitRows.Count > _logitRows.Length)
        {
            throw new StepException(
                $"A step of {step.Rows.Count} rows, {step.LogitRows.Count} with logits, is too large: this board takes {_scratch.MaxRows} and {_logitRows.Length}.");
        }

        if (embeddings.Length != step.Rows.Count * _config.HiddenSize)
        {
            throw new StepException($"A step of {step.Rows.Count} rows came with {embeddings.Length} embedding values, not {step.Rows.Count * _config.HiddenSize}.");
        }
    }

    private void ApplyReleases(List<long> releases)
    {
        foreach (long sequence in releases)
        {
            if (Sequences.Remove(sequence, out int slot))
            {
                TruncateKv(slot, 0);
            }
        }
    }

    private void ApplyTruncations(List<StepTruncation> truncations)
    {
        foreach (StepTruncation truncation in truncations)
        {
            if (truncation.Length < 0)
            {
                throw new StepException($"Sequence {truncation.SequenceId} cannot be cut to {truncation.Length} positions.");
            }

            if (Sequences.TryGetSlot(truncation.SequenceId, out int slot) && truncation.Length < Sequences.Length(slot))
            {
                Sequences.Rewrite(slot, truncation.Length);
                TruncateKv(slot, truncation.Length);
            }
        }
    }

    private void ApplyForks(List<StepFork> forks)
    {
        foreach (StepFork fork in forks)
        {
            if (!Sequences.TryGetSlot(fork.From, out int from) || fork.From == fork.To || fork.Length < 0 || fork.Length > Sequences.Length(from))
            {
                throw new StepException(
                    $"Sequence {fork.To} cannot start as the first {fork.Length} positions of sequence {fork.From}: "
                    + "it must be another sequence, of which this board holds so many.");
            }

            // Empty until the copy is whole: where KV runs out in between, no position may count that was not copied.
            int to = Sequences.GetOrAdd(fork.To);
            Sequences.Rewrite(to, 0);
            foreach (List<AttentionShard> layer in _shards.Attention)
            {
                foreach (AttentionShard shard in layer)
                {
                    shard.Kv.Copy(from, to, fork.Length);
                }
            }

            Sequences.Rewrite(to, fork.Length);
        }
    }

    private void PlaceRows(Step step)
    {
        for (int i = 0; i < step.Rows.Count; i++)
        {
            StepRow row = step.Rows[i];
            int slot = Sequences.GetOrAdd(row.SequenceId);
            int expected = ExpectedPosition(slot, i);
            if (row.Position != expected || row.Position >= _config.ContextLength)
            {
                throw new StepException(
                    $"Row {i} puts a token at position {row.Position} of sequence {row.SequenceId}; the next one there is {expected} of {_config.ContextLength}.");
            }

            _scratch.Slots[i] = slot;
            _scratch.Positions[i] = row.Position;
            _lengths[i] = row.Position + 1;
            ReserveKv(slot, row);
        }

        _scratch.RowCount = step.Rows.Count;
        _logitRowCount = step.LogitRows.Count;
        for (int i = 0; i < _logitRowCount; i++)
        {
            _logitRows[i] = step.LogitRows[i];
            if ((uint)_logitRows[i] >= (uint)step.Rows.Count)
            {
                throw new StepException($"Logits are wanted of row {_logitRows[i]}; the step has {step.Rows.Count} rows.");
            }
        }
    }

    // Rows of one sequence usually follow each other, so the search back ends at once.
    private int ExpectedPosition(int slot, int row)
    {
        for (int before = row - 1; before >= 0; before--)
        {
            if (_scratch.Slots[before] == slot)
            {
                return _lengths[before];
            }
        }

        return Sequences.Length(slot);
    }

    private void ReserveKv(int slot, StepRow row)
    {
        foreach (List<AttentionShard> layer in _shards.Attention)
        {
            foreach (AttentionShard shard in layer)
            {
                // A shard that was loaded while the sequence was open must not attend to memory that nobody wrote.
                if (shard.Kv.Length(slot) < row.Position)
                {
                    throw new StepException(
                        $"Sequence {row.SequenceId} goes on at position {row.Position}, but a shard here holds only {shard.Kv.Length(slot)} positions "
                        + "of its KV: it came after them. Release the sequence.");
                }

                shard.Kv.Reserve(slot, row.Position + 1);
            }
        }
    }

    private void TruncateKv(int slot, int length)
    {
        foreach (List<AttentionShard> layer in _shards.Attention)
        {
            foreach (AttentionShard shard in layer)
            {
                shard.Kv.Truncate(slot, length);
            }
        }
    }

    private void Prepare<TShard>(PieceKind kind, int layer, List<TShard> shards, StageNorm norm)
        where TShard : IStageShard
    {
        bool quantize = false;
        foreach (TShard shard in shards)
        {
            quantize |= shard.NeedsQuantizedInput;
        }

        Normalize(norm, quantize);
        for (int row = 0; _shards.Streamed is { } streamed && row < _scratch.RowCount; row++)
        {
            streamed.Observe(kind, layer, _scratch.Normed.Row(row));
        }
    }

    // partialSum = sum over the shards of shard(norm(residual)), in their order.
    private void AddUp<TShard>(List<TShard> shards, Span<float> partialSum)
        where TShard : IStageShard
    {
        fixed (float* sum = partialSum)
        {
            for (int i = 0; i < shards.Count; i++)
            {
                shards[i].Forward(_scratch, i == 0 ? sum : _scratch.Second.Pointer);
                if (i > 0)
                {
                    TensorPrimitives.Add(partialSum, _scratch.Second.Slice(0, partialSum.Length), partialSum);
                }
            }
        }
    }

    private void Normalize(StageNorm norm, bool quantize)
    {
        _scratch.Normed.SetShape(_scratch.RowCount, _config.HiddenSize);
        for (int row = 0; row < _scratch.RowCount; row++)
        {
            norm.Apply(ResidualRow(row), _scratch.Normed.Row(row));
        }

        if (quantize)
        {
            _scratch.Normed.Quantize(0, _scratch.RowCount);
        }
    }
}
