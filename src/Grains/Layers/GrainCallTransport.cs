using System.Diagnostics.CodeAnalysis;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Halo.Boards;
using Halo.Fabric.Stages;
using Halo.Fabric.Transport;
using Halo.Planning.Assignment;

namespace Halo.Grains.Layers;

/// <summary>
/// The all-reduce through layer grains: a board sends its partial sum to the layer's grain and gets the total back. Announcements and logits go
/// the inner transport's way. It allocates a message for each stage and is there for comparison, not for speed. The wait for the answer blocks
/// the board's own step thread, never a grain's.
/// </summary>
internal sealed class GrainCallTransport(ITransport inner, IGrainFactory grains, string model, int board, int boardCount, StepAbort abort) : ITransport
{
    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(50);

    private float[] _partialSum = []; // (rows, hiddenSize)
    private Task<StageTotal>? _total;

    public void Announce(long stepNumber, ReadOnlySpan<byte> announcement) => inner.Announce(stepNumber, announcement);

    public ReadOnlySpan<byte> ReceiveAnnouncement(out long stepNumber) => inner.ReceiveAnnouncement(out stepNumber);

    public Span<float> PartialSum(in StageKey key, int length)
    {
        if (_partialSum.Length < length)
        {
            _partialSum = new float[length];
        }

        return _partialSum.AsSpan(0, length);
    }

    public void Contribute(in StageKey key, int length)
    {
        byte[] bytes = MemoryMarshal.AsBytes(_partialSum.AsSpan(0, length)).ToArray();
        _total = grains.GetGrain<ILayerGrain>(GrainKeys.Layer(model, key.Layer))
            .ContributeAsync(new StageContribution(key.PlanVersion, key.StepNumber, key.Stage, board, boardCount, bytes), abort.Token(key.StepNumber));
    }

    public void ContributeNothing(in StageKey key, int length) => Contribute(key, 0);

    public StageResult Complete(in StageKey key, Span<float> residual)
    {
        try
        {
            // Where the other boards are in other processes, only the inner transport hears that they gave the step up, or are lost.
            while (!_total!.Wait(s_look))
            {
                if (inner.Failure is not null || inner.AbortReason(key.StepNumber) is not null)
                {
                    abort.Raise(key.StepNumber);
                    return StageResult.Aborted;
                }
            }

            byte[] sum = _total.Result.Sum;
            if (sum.Length > 0)
            {
                TensorPrimitives.Add(residual, MemoryMarshal.Cast<byte, float>((ReadOnlySpan<byte>)sum), residual);
            }

            return StageResult.Complete;
        }
        catch (AggregateException fault) when (fault.InnerException is OperationCanceledException)
        {
            return StageResult.Aborted;
        }
        catch (AggregateException fault)
        {
            Abort(key.StepNumber, $"The all-reduce of layer {key.Layer} failed: {fault.InnerException?.Message}");
            return StageResult.Aborted;
        }
    }

    public Span<float> LogitBlock(int rows, int firstToken, int tokenCount, out int stride) =>
        inner.LogitBlock(rows, firstToken, tokenCount, out stride);

    public void EndStep(long stepNumber, ulong residualChecksum) => inner.EndStep(stepNumber, residualChecksum);

    public StageResult CompleteStep(long stepNumber) => inner.CompleteStep(stepNumber);

    public Span<float> GatheredLogits(int rows) => inner.GatheredLogits(rows);

    public void Abort(long stepNumber, string reason)
    {
        inner.Abort(stepNumber, reason);
        abort.Raise(stepNumber);
    }

    public string? AbortReason(long stepNumber) => inner.AbortReason(stepNumber);

    public string? Failure => inner.Failure;

    public void Fail(string reason)
    {
        inner.Fail(reason);
        abort.Raise(long.MaxValue);
    }

    public void Stop()
    {
        inner.Stop();
        abort.Raise(long.MaxValue);
    }

    public void Dispose()
    {
        Stop();
        inner.Dispose();
    }
}

/// <summary>Ends the grain calls of a step on all boards of this process once one of them has given it up.</summary>
[SuppressMessage("Design", "CA1001", Justification = "The sources have no timers and no wait handles: there is nothing to free.")]
internal sealed class StepAbort
{
    private readonly Lock _gate = new();
    private CancellationTokenSource _source = new();
    private long _step = -1;

    internal void Raise(long stepNumber)
    {
        CancellationTokenSource source;
        lock (_gate)
        {
            _step = Math.Max(_step, stepNumber);
            source = _source;
        }

        source.Cancel();
    }

    /// <summary>Cancelled when the step is given up.</summary>
    internal CancellationToken Token(long stepNumber)
    {
        lock (_gate)
        {
            if (_step < stepNumber && _source.IsCancellationRequested)
            {
                _source = new CancellationTokenSource();
            }

            return _source.Token;
        }
    }
}

/// <summary>Connects the boards of a plan through its layer grains.</summary>
/// <param name="grains">Calls grains.</param>
public sealed class GrainCallTransportFactory(IGrainFactory grains) : ITransportFactory
{
    private readonly InProcessTransportFactory _inner = new();

    /// <summary>For boards of several silos: sums go through the layer grains, all else the way it went before.</summary>
    /// <param name="grains">Calls grains.</param>
    public static SumsThroughGrains Over(IGrainFactory grains) =>
        (model, board, boardCount, inner) => new GrainCallTransport(inner, grains, model, board, boardCount, new StepAbort());

    /// <inheritdoc/>
    public IReadOnlyList<ITransport> Connect(Plan plan, FabricSize size)
    {
        StepAbort abort = new();
        return [.. _inner.Connect(plan, size).Select((transport, board) =>
            new GrainCallTransport(transport, grains, plan.Model, board, size.BoardCount, abort))];
    }
}
