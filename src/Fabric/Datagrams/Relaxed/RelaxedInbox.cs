using System.Numerics.Tensors;
using Halo.Fabric.Datagrams.Format;
using Halo.Fabric.Datagrams.Links;
using Halo.Fabric.Stages;
using Halo.Fabric.Transport;
using Halo.Fabric.Wire;

namespace Halo.Fabric.Datagrams.Relaxed;

/// <summary>
/// The sums of relaxed stages: a ring of stages, since boards may be ahead of each other, whose sums can be used with parts missing; and now and then
/// the head board's residual. Not safe for threads; allocates nothing a chunk.
/// </summary>
internal sealed class RelaxedInbox
{
    /// <summary>Stages that a board may be ahead of another.</summary>
    internal const int Depth = 8;

    // Larger sums, of many rows, are exact: their time is made of bytes, not of waiting.
    private const int MostChunks = 16;

    private readonly CriticalSums _critical;
    private readonly int _stageCount;
    private readonly int _boardCount;
    private readonly PartialMessage[] _sums;                         // (Depth, boards)
    private readonly PartialMessage[] _residuals = new PartialMessage[2]; // of the head board, in turn
    private long _endedStep = -1; // steps up to this are over
    private long _step = -1;      // the step whose stages are being completed
    private int _completed = -1;  // its last completed stage

    /// <param name="size">Sizes of buffers.</param>
    /// <param name="wireType">How sums travel.</param>
    /// <param name="critical">Says before which stages the head board's residual comes.</param>
    internal RelaxedInbox(FabricSize size, WireType wireType, CriticalSums critical)
    {
        _critical = critical;
        ChunkLayout layout = new(wireType);
        (_stageCount, _boardCount) = (size.StageCount, size.BoardCount);
        MostElements = Math.Min(MostChunks * layout.Elements, size.MaxRows * size.HiddenSize);
        _sums = new PartialMessage[Depth * size.BoardCount];
        for (int i = 0; i < _sums.Length; i++)
        {
            _sums[i] = new PartialMessage(layout, MostElements);
        }

        for (int i = 0; i < _residuals.Length; i++)
        {
            _residuals[i] = new PartialMessage(new ChunkLayout(WireType.F32), MostElements);
        }
    }

    /// <summary>Most elements of a sum that is relaxed.</summary>
    internal int MostElements { get; }

    /// <summary>A board's sum of a stage.</summary>
    internal PartialMessage SumOf(int board, in StageKey key) => _sums[key.Stage % Depth * _boardCount + board];

    /// <summary>The head board's residual before a stage.</summary>
    internal PartialMessage ResidualBefore(in StageKey key) => _residuals[key.Stage / CriticalSums.ResyncStages % _residuals.Length];

    /// <summary>Puts a chunk of another board's sum in its place.</summary>
    internal ChunkVerdict PutSum(int board, in ChunkHead head, ReadOnlySpan<byte> bytes, long now) =>
        Put(SumOf(board, head.Key), head, bytes, now);

    /// <summary>Puts a chunk of the head board's residual in its place.</summary>
    internal ChunkVerdict PutResidual(in ChunkHead head, ReadOnlySpan<byte> bytes, long now) =>
        _critical.HasResync(head.Key.Stage) ? Put(ResidualBefore(head.Key), head, bytes, now) : ChunkVerdict.Nonsense;

    /// <summary>
    /// total[i] = p_0[i] + p_1[i] + ..., in the order of the boards; what was not filled must be there. The same bits as an exact
    /// stage's where nothing was missing.
    /// </summary>
    internal void Sum(in StageKey key, Span<float> total)
    {
        total.Clear();
        for (int board = 0; board < _boardCount; board++)
        {
            PartialMessage sum = SumOf(board, key);
            if (sum.HasValues(key))
            {
                TensorPrimitives.Add(total, sum.Values[..total.Length], total);
            }
        }
    }

    /// <summary>The stage is over: what comes of it from now on is late, and others may send what is <see cref="Depth"/> stages later.</summary>
    internal void Complete(in StageKey key) => (_step, _completed) = (key.StepNumber, key.Stage);

    /// <summary>The step is over.</summary>
    internal void EndStep(long stepNumber) => _endedStep = stepNumber;

    private ChunkVerdict Put(PartialMessage message, in ChunkHead head, ReadOnlySpan<byte> bytes, long now)
    {
        if ((uint)head.Key.Stage >= (uint)_stageCount || !message.Fits(head, bytes.Length))
        {
            return ChunkVerdict.Nonsense;
        }

        int ahead = head.Key.Stage - (head.Key.StepNumber == _step ? _completed : -1);
        bool isLate = head.Key.StepNumber <= _endedStep || ahead <= 0;
        if (isLate && !message.IsMissingSome(head.Key))
        {
            // A copy of what came in time; or of a stage so long past that other sums lie there now, which nothing may touch.
            return message.IsWhole(head.Key) ? ChunkVerdict.Taken : ChunkVerdict.Late;
        }

        return ahead > Depth ? ChunkVerdict.TooEarly
            : !message.Put(head, bytes, now) ? ChunkVerdict.Nonsense
            : isLate ? ChunkVerdict.Late
            : ChunkVerdict.Taken;
    }
}
