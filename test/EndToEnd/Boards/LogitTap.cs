using Halo.Fabric.Stages;
using Halo.Fabric.Transport;

namespace Halo.EndToEnd.Tests.Boards;

/// <summary>The head board's end of the fabric, with a copy of all logits that it gathers.</summary>
internal sealed class LogitTap(ITransport transport) : ITransport
{
    /// <summary>The logits of each step, (rows, vocabularySize), before anybody worked on them.</summary>
    internal List<float[]> Steps { get; } = [];

    public string? Failure => transport.Failure;

    public void Announce(long stepNumber, ReadOnlySpan<byte> announcement) => transport.Announce(stepNumber, announcement);

    public ReadOnlySpan<byte> ReceiveAnnouncement(out long stepNumber) => transport.ReceiveAnnouncement(out stepNumber);

    public Span<float> PartialSum(in StageKey key, int length) => transport.PartialSum(key, length);

    public void Contribute(in StageKey key, int length) => transport.Contribute(key, length);

    public void ContributeNothing(in StageKey key, int length) => transport.ContributeNothing(key, length);

    public StageResult Complete(in StageKey key, Span<float> residual) => transport.Complete(key, residual);

    public Span<float> LogitBlock(int rows, int firstToken, int tokenCount, out int stride) => transport.LogitBlock(rows, firstToken, tokenCount, out stride);

    public void EndStep(long stepNumber, ulong residualChecksum) => transport.EndStep(stepNumber, residualChecksum);

    public StageResult CompleteStep(long stepNumber) => transport.CompleteStep(stepNumber);

    public Span<float> GatheredLogits(int rows)
    {
        Span<float> logits = transport.GatheredLogits(rows);
        Steps.Add(logits.ToArray());
        return logits;
    }

    public void Abort(long stepNumber, string reason) => transport.Abort(stepNumber, reason);

    public string? AbortReason(long stepNumber) => transport.AbortReason(stepNumber);

    public void Fail(string reason) => transport.Fail(reason);

    public void Stop() => transport.Stop();

    public void Dispose() => transport.Dispose();
}
