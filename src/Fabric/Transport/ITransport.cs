using Halo.Fabric.Datagrams;
using Halo.Fabric.Stages;

namespace Halo.Fabric.Transport;

/// <summary>
/// One board's end of the fabric. Only three things cross in the hot path: the head board <em>announces</em> a step, all boards
/// <em>all-reduce</em> the partial sums of its stages, and the head board <em>gathers</em> the logits. Contributing and completing are
/// apart so that one thread can carry several boards through a stage, and so that work can go on while sums travel.
/// All members are called by the board's step thread, except <see cref="Abort"/>, <see cref="Fail"/>, <see cref="Stop"/> and <see cref="Statistics"/>.
/// </summary>
public interface ITransport : IDisposable
{
    /// <summary>Head board: sends a step to all boards. The bytes may be reused when this returns.</summary>
    /// <param name="stepNumber">The step's number, so that a board which cannot read the announcement can give that step up.</param>
    /// <param name="announcement">The step; not empty.</param>
    void Announce(long stepNumber, ReadOnlySpan<byte> announcement);

    /// <summary>
    /// Other boards: waits for the next step and returns it, valid until the next call. Empty after <see cref="Stop"/>, and once a board is lost.
    /// </summary>
    /// <param name="stepNumber">The step's number.</param>
    ReadOnlySpan<byte> ReceiveAnnouncement(out long stepNumber);

    /// <summary>
    /// Where this board writes its partial sum for a stage, row-major (rows, hiddenSize), before it contributes.
    /// The content is undefined: the board overwrites all of it or contributes nothing.
    /// </summary>
    /// <param name="key">The stage.</param>
    /// <param name="length">Rows times hidden size.</param>
    Span<float> PartialSum(in StageKey key, int length);

    /// <summary>Gives this board's partial sum to the stage.</summary>
    void Contribute(in StageKey key, int length);

    /// <summary>Says that this board holds no shard of the stage.</summary>
    /// <param name="key">The stage.</param>
    /// <param name="length">Rows times hidden size, as of those that hold one.</param>
    void ContributeNothing(in StageKey key, int length);

    /// <summary>
    /// Waits until every board has contributed and adds the total to the residual stream:
    /// <c>residual += p_0 + p_1 + ...</c>, in the order of the boards, so that all boards hold the same bits. A relaxed transport waits for some of
    /// them only until a deadline, and may first put the head board's residual in the place of this board's.
    /// </summary>
    StageResult Complete(in StageKey key, Span<float> residual);

    /// <summary>
    /// Where this board writes the logits of its tokens: row r's logits of tokens firstToken.. start at index r * stride.
    /// </summary>
    /// <param name="rows">Logit rows of the step.</param>
    /// <param name="firstToken">First token of the block.</param>
    /// <param name="tokenCount">Tokens in the block.</param>
    /// <param name="stride">Distance between rows in floats.</param>
    Span<float> LogitBlock(int rows, int firstToken, int tokenCount, out int stride);

    /// <summary>Ends this board's part of the step: its logit blocks are written, its buffers may be reused for the next step.</summary>
    /// <param name="stepNumber">The step.</param>
    /// <param name="residualChecksum">The <see cref="ResidualChecksum"/> of the residual after the last stage; the head board compares the boards'.</param>
    void EndStep(long stepNumber, ulong residualChecksum);

    /// <summary>
    /// Head board: waits until every board has ended its part of the step, and gives the step up where their residuals differ.
    /// On <see cref="StageResult.Complete"/> the logits (rows, vocabularySize) are in <see cref="GatheredLogits"/>.
    /// </summary>
    StageResult CompleteStep(long stepNumber);

    /// <summary>Head board: the gathered logits, row-major (rows, vocabularySize), writable until the next step is announced.</summary>
    Span<float> GatheredLogits(int rows);

    /// <summary>Gives up a step on all boards: every wait for it ends with <see cref="StageResult.Aborted"/>. The first reason stays.</summary>
    void Abort(long stepNumber, string reason);

    /// <summary>Why the step was given up, or null.</summary>
    string? AbortReason(long stepNumber);

    /// <summary>Why no step can go through any more: a board is lost; null while steps can.</summary>
    string? Failure { get; }

    /// <summary>Gives up this step and all later ones. The first reason stays. Called from any thread.</summary>
    void Fail(string reason);

    /// <summary>Ends all waits, now and later.</summary>
    void Stop();

    /// <summary>What is known of this board's links, in the order of the boards; empty where the transport measures none. From any thread.</summary>
    IReadOnlyList<LinkStatistics> Statistics() => [];
}
