using System.Diagnostics;
using Halo.Inference.Kernels;
using Halo.Inference.Model.Architectures;
using Halo.Inference.Model.Pieces;

namespace Halo.Inference.Model.Streaming;

/// <summary>
/// A model of which only pieces are here, and more of them than fit the memory: some stay in it, the others pass through it from storage in each
/// step. For one board; its shards are stepped in one table, see <see cref="ShardTable.Streamed"/>.
/// </summary>
public sealed unsafe class StreamedWeights : IShardSource
{
    private readonly ModelManifest _manifest;
    private readonly Func<PieceId, PieceLocation?> _locate;
    private readonly StreamingOptions _options;
    private readonly RopeTable _rope;
    private readonly PieceStreamer _streamer;
    private long _weightBytes;

    /// <param name="manifest">The model.</param>
    /// <param name="locate">Says where a piece is, or null where it is not here. Its content is checked when it is first read.</param>
    /// <param name="options">How to stream.</param>
    public StreamedWeights(ModelManifest manifest, Func<PieceId, PieceLocation?> locate, StreamingOptions options)
    {
        _manifest = manifest;
        _locate = locate;
        _options = options;
        _streamer = new PieceStreamer(options);
        _rope = manifest.Vectors.Rope.Table(Config);
    }

    /// <inheritdoc/>
    public ModelConfig Config => _manifest.Layout.Config;

    /// <inheritdoc/>
    public ModelNorms Norms => _manifest.Norms;

    /// <summary>Bytes that weights in memory and the ring of buffers may take together; counts from the next table of shards on.</summary>
    public long WeightBytes
    {
        get => Volatile.Read(ref _weightBytes);
        set => Volatile.Write(ref _weightBytes, value);
    }

    /// <summary>What streaming did so far. From any thread.</summary>
    public StreamStatistics Statistics => _streamer.Statistics;

    /// <summary>The least <see cref="WeightBytes"/> for some slices: room for two of their largest pieces.</summary>
    /// <param name="slices">Slices, each named as if it were one piece.</param>
    /// <exception cref="ArgumentOutOfRangeException">The model has no such groups.</exception>
    public long LeastBytes(IEnumerable<PieceId> slices) => Residency.LeastBytes(
        slices.SelectMany(slice => PieceGrid.Cover(_manifest, slice)).Select(piece => PageBuffer.WholePages(PieceFormat.FileBytes(_manifest, piece))));

    /// <inheritdoc/>
    /// <exception cref="PieceException">The slice's piece is not here; the message names it.</exception>
    public AttentionShard LoadAttention(int layer, int first, int count, KvBlockPool pool, int maxSequences)
    {
        StreamedStage stage = Stage(new PieceId(PieceKind.Attention, layer, first, count));
        KvCache kv = new(pool, maxSequences, count, Config.ContextLength);
        SlicedMatrix[] shapes = Shapes(stage, 0);
        HeadVectors vectors = _manifest.Vectors.Layers[layer].Heads(Config, first, count);
        return new AttentionShard(Config, _rope, vectors, shapes[0], shapes[1], shapes[2], shapes[3], kv, stage) { Stage = stage };
    }

    /// <inheritdoc/>
    /// <exception cref="PieceException">A piece of the slice is not here; the message names the first.</exception>
    public FeedForwardShard LoadFeedForward(int layer, int first, int count)
    {
        StreamedStage stage = Stage(new PieceId(PieceKind.FeedForward, layer, first, count));
        return new FeedForwardShard([.. stage.Slots.Select((slot, index) => FeedForwardPart.Of(
            Shapes(stage, index), _manifest.NeuronBiases(slot.Id), index == 0 ? stage : null))])
        {
            Stage = stage,
        };
    }

    /// <inheritdoc/>
    /// <exception cref="PieceException">A piece of the slice is not here; the message names the first.</exception>
    public VocabularyShard LoadVocabulary(int first, int count)
    {
        StreamedStage stage = Stage(new PieceId(PieceKind.Vocabulary, PieceId.OutputLayer, first, count));
        return new VocabularyShard(
            first * ModelLayout.TokenGroupSize, [.. stage.Slots.Select((_, index) => new VocabularyPart(Shape(stage, index, 0), index == 0 ? stage : null))])
        {
            Stage = stage,
        };
    }

    /// <summary>
    /// Reads the streamed pieces once, in the order of a step, with the same reader and as many reads in flight, and does nothing with them: the
    /// rate above which no step can be. No step may be under way.
    /// </summary>
    /// <returns>Bytes per second; 0 where nothing is streamed.</returns>
    /// <exception cref="PieceException">A piece cannot be read.</exception>
    public double MeasureReadRate()
    {
        PieceSlot[] slots = _streamer.StreamedSlots;
        if (slots.Length == 0)
        {
            return 0;
        }

        long largest = slots.Max(slot => slot.BufferBytes);
        int next = -1;
        Exception? failure = null;
        Thread[] readers = [.. Enumerable.Range(0, _options.Readers).Select(_ => new Thread(() =>
        {
            try
            {
                using PageBuffer buffer = new(largest);
                for (int at = Interlocked.Increment(ref next); at < slots.Length; at = Interlocked.Increment(ref next))
                {
                    slots[at].ReadUnchecked(_options.Reader, buffer.Pointer);
                }
            }
            catch (PieceException fault)
            {
                failure = fault;
            }
        }))];
        long start = Stopwatch.GetTimestamp();
        Array.ForEach(readers, reader => reader.Start());
        Array.ForEach(readers, reader => reader.Join());
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        return failure is null ? slots.Sum(slot => slot.BufferBytes) / seconds : throw failure;
    }

    /// <inheritdoc/>
    /// <remarks>Waits for reads that are under way. No shard may be in use.</remarks>
    public void Dispose()
    {
        _streamer.Dispose();
        _rope.Dispose();
    }

    /// <summary>The stage whose pieces compute waits for at this moment, and how many it has taken; null where it does not wait.</summary>
    internal (PieceKind Kind, int Layer, int Taken)? Awaited => _streamer.Awaited;

    /// <summary>Takes up a step with rows.</summary>
    internal void BeginStep(ShardTable table, bool wantsLogits) => _streamer.BeginStep(table, WeightBytes, wantsLogits);

    /// <summary>Tells a row of a stage's normalised input to whoever orders the loading.</summary>
    internal void Observe(PieceKind kind, int layer, ReadOnlySpan<float> input) => _streamer.Observe(kind, layer, input);

    private static SlicedMatrix[] Shapes(StreamedStage stage, int slot) =>
        [.. Enumerable.Range(0, stage.Slots[slot].MatrixCount).Select(matrix => Shape(stage, slot, matrix))];

    // The matrix without its bytes, which change from step to step.
    private static SlicedMatrix Shape(StreamedStage stage, int slot, int matrix) =>
        SlicedMatrix.Over(stage.Slots[slot].Matrix(matrix, null), stage.Slots[slot].OwnColumn(matrix));

    // All pieces of a slice, in order, or none.
    private StreamedStage Stage(PieceId slice)
    {
        List<PieceSlot> slots = [];
        try
        {
            foreach (PieceId id in PieceGrid.Cover(_manifest, slice))
            {
                PieceLocation location = _locate(id) ?? throw new PieceException(
                    $"Piece {id} of {_manifest.Name} is not on this board, so groups {slice} cannot be streamed: it must be sent first.");
                slots.Add(new PieceSlot(_manifest, id, location));
            }

            return new StreamedStage(_streamer, [.. slots]);
        }
        catch
        {
            slots.ForEach(slot => slot.Dispose());
            throw;
        }
    }
}
