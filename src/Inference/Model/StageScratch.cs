using Halo.Inference.Kernels;
using Halo.Inference.Memory;
using Halo.Inference.Model.Streaming;
using Halo.Inference.Threading;

namespace Halo.Inference.Model;

/// <summary>
/// The buffers that a board's shards compute in, one after the other, and the rows of the step at hand. Sized once for the largest step.
/// </summary>
internal sealed unsafe class StageScratch : IDisposable
{
    private readonly List<Activations> _gated = [];

    internal StageScratch(ModelConfig config, int maxRows, WorkerTeam team)
    {
        int queryWidth = config.HeadCount * config.HeadDim;
        int kvWidth = config.KvHeadCount * config.HeadDim;
        Team = team;
        MaxRows = maxRows;
        Slots = new int[maxRows];
        Positions = new int[maxRows];
        Normed = new Activations(maxRows, config.HiddenSize);
        Query = new AlignedBuffer<float>((long)maxRows * queryWidth);
        Key = new AlignedBuffer<float>((long)maxRows * kvWidth);
        Value = new AlignedBuffer<float>((long)maxRows * kvWidth);
        Attended = new Activations(maxRows, queryWidth);
        Gate = new AlignedBuffer<float>((long)maxRows * config.IntermediateSize);
        Up = new AlignedBuffer<float>((long)maxRows * config.IntermediateSize);
        Second = new AlignedBuffer<float>((long)maxRows * config.HiddenSize);
        PartSum = new AlignedBuffer<float>((long)maxRows * config.HiddenSize);
        Products = new MatMulWork();
        Attention = new AttentionWork(config, maxRows, team.WorkerCount);
        Activation = new ActivationWork();
        Down = new DownWork();
        Sum = new OrderedSum((long)maxRows * config.HiddenSize);
    }

    internal WorkerTeam Team { get; }

    internal int MaxRows { get; }

    internal int RowCount { get; set; }

    internal int[] Slots { get; }                   // per row: the sequence's slot

    internal int[] Positions { get; }               // per row

    internal Activations Normed { get; }            // (rows, hiddenSize): the stage's input

    internal AlignedBuffer<float> Query { get; }    // (rows, shard's query heads * headDim)

    internal AlignedBuffer<float> Key { get; }      // (rows, shard's KV heads * headDim)

    internal AlignedBuffer<float> Value { get; }    // (rows, shard's KV heads * headDim)

    internal Activations Attended { get; }          // (rows, columns of the shard's output projection)

    internal AlignedBuffer<float> Gate { get; }     // (rows, shard's neurons)

    internal AlignedBuffer<float> Up { get; }       // (rows, shard's neurons)

    internal AlignedBuffer<float> Second { get; }   // (rows, hiddenSize): a further shard's partial sum, before it is added to the first's

    internal AlignedBuffer<float> PartSum { get; }  // (rows, hiddenSize): the same for a further part of one shard

    internal MatMulWork Products { get; }

    internal AttentionWork Attention { get; }

    internal ActivationWork Activation { get; }

    internal DownWork Down { get; }

    internal OrderedSum Sum { get; }                // of parts that come in any order

    internal List<ReadyPiece> Ready { get; } = [];  // streamed pieces at hand

    /// <summary>Room for the gated neurons of a shard's part, (rows, neurons); made when a part is first computed, and kept.</summary>
    internal Activations Gated(int part, int neurons)
    {
        while (part >= _gated.Count)
        {
            _gated.Add(new Activations(MaxRows, neurons));
        }

        if (_gated[part].MaxColumns < neurons)
        {
            _gated[part].Dispose();
            _gated[part] = new Activations(MaxRows, neurons);
        }

        return _gated[part];
    }

    public void Dispose()
    {
        Normed.Dispose();
        Query.Dispose();
        Key.Dispose();
        Value.Dispose();
        Attended.Dispose();
        Gate.Dispose();
        Up.Dispose();
        _gated.ForEach(gated => gated.Dispose());
        Second.Dispose();
        PartSum.Dispose();
        Sum.Dispose();
        Attention.Dispose();
    }
}
