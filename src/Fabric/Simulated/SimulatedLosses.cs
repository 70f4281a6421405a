using Halo.Fabric.Datagrams.Relaxed;
using Halo.Fabric.Stages;
using Halo.Fabric.Transport;

namespace Halo.Fabric.Simulated;

/// <summary>The losses between the boards of one <see cref="InProcessFabric"/>. Each board's are its own: boards may be on different threads.</summary>
public sealed class SimulatedLosses
{
    private readonly LossySums[] _boards;
    private readonly float[][] _headResiduals; // by parity of the stage: before it
    private readonly int _head;

    /// <param name="size">Sizes of buffers.</param>
    /// <param name="head">The head board's place.</param>
    /// <param name="loss">What is lost.</param>
    /// <param name="standIn">Stands in for what is missing; needed for fills by mean and low rank.</param>
    /// <exception cref="ArgumentException">The fill needs a stand-in.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A critical stage is none of the step's.</exception>
    public SimulatedLosses(FabricSize size, int head, SimulatedLoss loss, IStageStandIn? standIn = null)
    {
        if (standIn is null && loss.Fill is StageFill.Mean or StageFill.LowRank)
        {
            throw new ArgumentException($"The fill {loss.Fill} needs what calibration learned of the model.", nameof(loss));
        }

        _head = head;
        _boards = [.. Enumerable.Range(0, size.BoardCount).Select(board => new LossySums(board, head, size, loss, standIn))];
        _headResiduals = [new float[size.MaxRows * size.HiddenSize], new float[size.MaxRows * size.HiddenSize]];
        MayDiffer = !new CriticalSums(size.BoardCount, head, size.StageCount, loss.CriticalBoards, loss.CriticalStages).EndsAlike;
    }

    /// <summary>Whether boards may end a step with different residuals.</summary>
    internal bool MayDiffer { get; }

    /// <summary>The share of all sums that boards had to do without so far.</summary>
    public double MissingShare
    {
        get
        {
            long all = _boards.Sum(board => board.Counts.All);
            return all == 0 ? 0 : _boards.Sum(board => board.Counts.Missing) / (double)all;
        }
    }

    internal void Round(int board, Span<float> sum) => _boards[board].Round(sum);

    internal StageResult Complete(int board, in StageKey key, StageInbox sums, Span<float> residual)
    {
        if (!sums.Wait(key, 0, _boards.Length))
        {
            return StageResult.Aborted;
        }

        _boards[board].Complete(key, sums, _headResiduals[key.Stage & 1], residual);
        if (board == _head)
        {
            // Nobody is at the stage after next before the head board has contributed to the next, which it does after this.
            residual.CopyTo(_headResiduals[(key.Stage + 1) & 1]);
        }

        return StageResult.Complete;
    }
}
