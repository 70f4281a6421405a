using System.Globalization;
using Halo.Fabric.Simulated;
using Halo.Fabric.Stages;

namespace Halo.Fabric.Transport;

/// <summary>
/// The fabric between boards of one process: announcements, partial sums and logits lie in memory that all of them see. Nothing is copied
/// but the announcement; each board adds the others' partial sums where they are.
/// </summary>
public sealed class InProcessFabric
{
    private readonly StageInbox _inbox;
    private readonly ProgressGate _announced;
    private readonly byte[] _announcement;
    private readonly float[] _logits; // (logitRows, vocabularySize)
    private readonly int _vocabularySize;
    private readonly IReadOnlyList<string> _names;
    private readonly SimulatedLosses? _losses;
    private int _announcementLength;
    private long _announcedStep;
    private long _announcementNumber;

    /// <param name="size">Numbers of boards, stages and elements.</param>
    /// <param name="spin">Whether waiting may spin: only where each step thread has a core of its own.</param>
    /// <param name="names">The boards' names, for messages; their places where left out.</param>
    /// <param name="losses">What boards miss of each other's sums; null where nothing gets lost.</param>
    public InProcessFabric(FabricSize size, bool spin, IReadOnlyList<string>? names = null, SimulatedLosses? losses = null)
    {
        _losses = losses;
        _names = names ?? [.. Enumerable.Range(0, size.BoardCount).Select(board => board.ToString(CultureInfo.InvariantCulture))];
        _inbox = new StageInbox(size, spin);
        _announced = new ProgressGate(1, spin);
        _announcement = GC.AllocateArray<byte>(size.AnnouncementBytes, pinned: true);
        _logits = GC.AllocateArray<float>(size.MaxLogitRows * size.VocabularySize, pinned: true);
        _vocabularySize = size.VocabularySize;
        BoardCount = size.BoardCount;
    }

    /// <summary>Boards on this fabric.</summary>
    public int BoardCount { get; }

    /// <summary>The end of the fabric that one board uses.</summary>
    /// <param name="board">The board's place in the plan's order, from 0.</param>
    public ITransport Connect(int board)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(board);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(board, BoardCount);
        return new Endpoint(this, board);
    }

    private sealed class Endpoint(InProcessFabric fabric, int board) : ITransport
    {
        private long _received;

        public void Announce(long stepNumber, ReadOnlySpan<byte> announcement)
        {
            fabric._announcedStep = stepNumber;
            announcement.CopyTo(fabric._announcement);
            fabric._announcementLength = announcement.Length;
            fabric._announced.Raise(0, ++fabric._announcementNumber);
        }

        public ReadOnlySpan<byte> ReceiveAnnouncement(out long stepNumber)
        {
            long never = -1;
            bool received = fabric._announced.Wait(0, 1, _received + 1, ref never, long.MaxValue) && !fabric._announced.IsStopped;
            _received += received ? 1 : 0;
            stepNumber = received ? fabric._announcedStep : 0;
            return received ? fabric._announcement.AsSpan(0, fabric._announcementLength) : [];
        }

        public Span<float> PartialSum(in StageKey key, int length) => fabric._inbox.Buffer(board, key, length);

        public void Contribute(in StageKey key, int length)
        {
            fabric._losses?.Round(board, fabric._inbox.Buffer(board, key, length));
            fabric._inbox.Arrived(board, key, length);
        }

        public void ContributeNothing(in StageKey key, int length) => fabric._inbox.Arrived(board, key, 0);

        public StageResult Complete(in StageKey key, Span<float> residual) => fabric._losses is { } losses
            ? losses.Complete(board, key, fabric._inbox, residual)
            : fabric._inbox.Complete(key, 0, fabric.BoardCount, residual);

        public Span<float> LogitBlock(int rows, int firstToken, int tokenCount, out int stride)
        {
            stride = fabric._vocabularySize;
            return rows == 0 ? [] : fabric._logits.AsSpan(firstToken, (rows - 1) * stride + tokenCount);
        }

        public void EndStep(long stepNumber, ulong residualChecksum) =>
            fabric._inbox.EndStep(board, stepNumber, fabric._losses is { MayDiffer: true } ? 0 : residualChecksum);

        public StageResult CompleteStep(long stepNumber) => fabric._inbox.CompleteStep(stepNumber, board, fabric._names);

        public Span<float> GatheredLogits(int rows) => fabric._logits.AsSpan(0, rows * fabric._vocabularySize);

        public void Abort(long stepNumber, string reason) => fabric._inbox.Abort(stepNumber, reason);

        public string? AbortReason(long stepNumber) => fabric._inbox.AbortReason(stepNumber);

        public string? Failure => fabric._inbox.Failure;

        public void Fail(string reason)
        {
            fabric._inbox.Fail(reason);
            fabric._announced.Stop();
        }

        public void Stop()
        {
            fabric._inbox.Stop();
            fabric._announced.Stop();
        }

        public void Dispose() => Stop();
    }
}
