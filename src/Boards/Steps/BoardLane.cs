using Halo.Fabric.Stages;
using Halo.Fabric.Transport;
using Halo.Inference.Model;

namespace Halo.Boards.Steps;

/// <summary>One board as its step thread sees it: takes a step up, computes stage after stage, gives and takes sums.</summary>
internal sealed class BoardLane
{
    private readonly BoardModel _board;
    private readonly int _hiddenSize;
    private readonly Step _step = new();
    private bool _failed;
    private long _stepNumber; // as announced, whether or not the announcement could be read
    private ulong _residualChecksum;

    internal BoardLane(BoardModel board, ITransport transport, int hiddenSize)
    {
        _board = board;
        Transport = transport;
        _hiddenSize = hiddenSize;
    }

    internal ITransport Transport { get; }

    internal string Name => _board.Board;

    /// <summary>Whether the step has rows to compute; one that only releases sequences has none, on all boards alike.</summary>
    internal bool HasRows => _step.Rows.Count > 0;

    /// <summary>Whether this board has given the step at hand up.</summary>
    internal bool HasFailed => _failed;

    private LayerWalk Walk => _board.Walk;

    /// <summary>Takes a step up. A board that cannot gives the step up for all.</summary>
    internal void Begin(long stepNumber, ReadOnlySpan<byte> announcement)
    {
        _failed = false;
        _stepNumber = stepNumber;
        _residualChecksum = 0;
        try
        {
            ReadOnlySpan<float> embeddings = StepCodec.Read(announcement, _step);
            Walk.Begin(_step, embeddings, _board.BeginStep(_step.PlanVersion));
        }
        catch (Exception fault)
        {
            Fail(fault);
        }
    }

    /// <summary>Computes this board's partial sum of a stage and gives it to the others.</summary>
    internal void Contribute(int stage)
    {
        if (_failed)
        {
            return;
        }

        StageKey key = Key(stage);
        int length = _step.Rows.Count * _hiddenSize;
        bool attention = stage % 2 == 0;
        if (!(attention ? Walk.HoldsAttention(key.Layer) : Walk.HoldsFeedForward(key.Layer)))
        {
            Transport.ContributeNothing(key, length);
            return;
        }

        try
        {
            Span<float> partialSum = Transport.PartialSum(key, length);
            if (attention)
            {
                Walk.Attention(key.Layer, partialSum);
            }
            else
            {
                Walk.FeedForward(key.Layer, partialSum);
            }

            Transport.Contribute(key, length);
        }
        catch (Exception fault)
        {
            Fail(fault);
        }
    }

    /// <summary>Adds the stage's total to the residual stream; false where the step was given up.</summary>
    internal bool Complete(int stage) => !_failed && Transport.Complete(Key(stage), Walk.Residual) == StageResult.Complete;

    /// <summary>Computes this board's logits and takes the rows into their sequences.</summary>
    internal void Finish()
    {
        try
        {
            _residualChecksum = HasRows ? ResidualChecksum.Of(Walk.Residual) : 0;
            if (Walk.LogitRowCount > 0 && Walk.Vocabulary.Length > 0)
            {
                Walk.NormalizeLogitRows();
                foreach (VocabularyShard shard in Walk.Vocabulary)
                {
                    Span<float> block = Transport.LogitBlock(Walk.LogitRowCount, shard.FirstToken, shard.TokenCount, out int stride);
                    Walk.Logits(shard, block, stride);
                }
            }

            Walk.End();
        }
        catch (Exception fault)
        {
            Fail(fault);
        }
    }

    /// <summary>Lets go of the step, whether it went through or not.</summary>
    internal void End()
    {
        _board.EndStep();
        Transport.EndStep(_stepNumber, _residualChecksum);
    }

    private StageKey Key(int stage) => new(_step.PlanVersion, _step.StepNumber, stage);

    private void Fail(Exception fault)
    {
        _failed = true;
        string reason = fault is StepException ? fault.Message : $"Board {Name} failed: {fault}";
        Transport.Abort(_stepNumber, reason);
    }
}
