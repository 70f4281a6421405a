using Halo.Fabric.Stages;

namespace Halo.Fabric.Transport;

/// <summary>A star's head board has a stage's total: rounds it, where it lies, to what the others will read, and sends it to all.</summary>
internal delegate void TotalSender(in StageKey key, Span<float> total);

/// <summary>
/// What the transports between processes share: where announcements, sums and totals of one board lie, and how a step, or the fabric, comes to
/// its end. How bytes travel is the transport's own matter; it says here what has come.
/// </summary>
internal sealed class StageExchange
{
    private readonly int _board;
    private readonly int _boardCount;
    private readonly IReadOnlyList<string> _names;
    private readonly ProgressGate _announced;
    private int _announcementLength;
    private long _announcedStep;
    private long _announcementNumber;
    private long _received;
    private int _lost;
    private volatile bool _stopped;

    /// <param name="board">This board's place in the plan's order.</param>
    /// <param name="head">The head board's place.</param>
    /// <param name="names">The boards' names.</param>
    /// <param name="size">Sizes of buffers.</param>
    /// <param name="spin">Whether waiting may spin for a short time.</param>
    /// <param name="pump">Makes progress while the step thread waits; null where other threads make it.</param>
    internal StageExchange(int board, int head, IReadOnlyList<string> names, FabricSize size, bool spin, IProgressPump? pump)
    {
        (_board, _boardCount, _names, IsHead) = (board, size.BoardCount, names, board == head);
        Sums = new StageInbox(size, spin, pump);
        Totals = new StageInbox(size with { BoardCount = 1 }, spin, pump);
        Announcement = new byte[size.AnnouncementBytes];
        _announced = new ProgressGate(1, spin, pump);
    }

    internal bool IsHead { get; }

    /// <summary>The boards' partial sums, and how far each board is.</summary>
    internal StageInbox Sums { get; }

    /// <summary>A star's totals, as contributed by one board.</summary>
    internal StageInbox Totals { get; }

    /// <summary>Where an announcement's bytes are put.</summary>
    internal byte[] Announcement { get; }

    /// <summary>Whether the fabric has come to its end.</summary>
    internal bool IsStopped => _stopped;

    /// <summary>Why no step can go through any more; null while steps can.</summary>
    internal string? Failure => Sums.Failure;

    /// <summary>Says that an announcement is in <see cref="Announcement"/>.</summary>
    internal void Announced(long stepNumber, int length)
    {
        _announcementLength = length;
        _announcedStep = stepNumber;
        _announced.Raise(0, ++_announcementNumber);
    }

    /// <summary>See <see cref="ITransport.ReceiveAnnouncement"/>.</summary>
    internal ReadOnlySpan<byte> ReceiveAnnouncement(out long stepNumber)
    {
        long never = -1;
        if (!_announced.Wait(0, 1, _received + 1, ref never, long.MaxValue) || _announced.IsStopped)
        {
            stepNumber = 0;
            return [];
        }

        _received++;
        stepNumber = _announcedStep;
        return Announcement.AsSpan(0, _announcementLength);
    }

    /// <summary>This board's own sum is in its buffer.</summary>
    internal void Contributed(in StageKey key, int length) => Sums.Arrived(_board, key, length);

    /// <summary>See <see cref="ITransport.Complete"/>: in a mesh every board adds the sums, in a star the head board does, and all add its total.</summary>
    /// <param name="key">The stage.</param>
    /// <param name="isStar">Whether sums go through the head board.</param>
    /// <param name="residual">The residual stream.</param>
    /// <param name="sendTotal">Called on a star's head board.</param>
    internal StageResult Complete(in StageKey key, bool isStar, Span<float> residual, TotalSender sendTotal)
    {
        if (!isStar)
        {
            return Sums.Complete(key, 0, _boardCount, residual);
        }

        if (IsHead)
        {
            if (!Sums.Wait(key, 0, _boardCount))
            {
                return StageResult.Aborted;
            }

            Span<float> total = Totals.Buffer(0, key, residual.Length);
            Sums.Sum(key, 0, _boardCount, 0, total);
            sendTotal(key, total);
            Totals.Arrived(0, key, residual.Length);
        }

        return Totals.Complete(key, 0, 1, residual);
    }

    /// <summary>This board ends its part of a step.</summary>
    internal void EndStep(long stepNumber, ulong residualChecksum) => Sums.EndStep(_board, stepNumber, residualChecksum);

    /// <summary>See <see cref="ITransport.CompleteStep"/>.</summary>
    internal StageResult CompleteStep(long stepNumber) => Sums.CompleteStep(stepNumber, _board, _names);

    /// <summary>Whether waiting for a step has no use any more.</summary>
    internal bool IsGivenUp(long stepNumber) => _stopped || Sums.IsAborted(stepNumber);

    /// <summary>Ends all waits for a step, here.</summary>
    internal void Abort(long stepNumber, string reason)
    {
        Sums.Abort(stepNumber, reason);
        Totals.Abort(stepNumber, reason);
    }

    /// <summary>The first lost board ends the fabric: true once.</summary>
    internal bool TryLose() => Interlocked.Exchange(ref _lost, 1) == 0;

    /// <summary>Ends all waits for this step and all later ones.</summary>
    internal void EndFor(string reason)
    {
        _stopped = true;
        Sums.Fail(reason);
        Totals.Fail(reason);
        _announced.Stop();
    }

    /// <summary>Ends all waits, now and later.</summary>
    internal void Stop()
    {
        _stopped = true;
        Sums.Stop();
        Totals.Stop();
        _announced.Stop();
    }

    /// <summary>What is said of a lost board.</summary>
    internal string LostText(int peer, string reason) => $"Board {_names[peer]} is lost: {reason}.";
}
