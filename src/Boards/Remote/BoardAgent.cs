using Halo.Boards.Control;
using Halo.Boards.Weights;
using Halo.Fabric.Liveness;
using Halo.Fabric.Streams.Sessions;
using Microsoft.Extensions.Logging;

namespace Halo.Boards.Remote;

/// <summary>
/// The board of a process of its own: serves one head process at a time, holds what that one wants of models, and follows its sessions.
/// When the head process goes, or another takes over, nothing of its work is kept but weights on the disk.
/// </summary>
public sealed class BoardAgent : IAsyncDisposable
{
    private readonly BoardAgentOptions _options;
    private readonly Board _board;
    private readonly StreamListener _listener;
    private readonly HeartbeatResponder _heartbeats;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly SemaphoreSlim _gate = new(1, 1); // attaching and leaving, one at a time
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _watching;
    private Attachment? _attachment;

    /// <param name="options">Name, ports and threads.</param>
    /// <param name="board">The board; owned from here on.</param>
    /// <param name="sources">Where weights come from; owned from here on.</param>
    /// <param name="listener">Takes streams of other boards.</param>
    /// <param name="heartbeats">Answers heartbeats.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">Where attachments and sessions are told.</param>
    public BoardAgent(
        BoardAgentOptions options, Board board, ModelSources sources, StreamListener listener, HeartbeatResponder heartbeats, TimeProvider time, ILogger log)
    {
        _options = options;
        _board = board;
        _listener = listener;
        _heartbeats = heartbeats;
        _time = time;
        _log = log;
        Shares = new BoardShares(board, options.Threads, options.UdpPort, sources, listener, log);
        _watching = WatchHeadAsync();
    }

    /// <summary>Whether a head process has this board in its service.</summary>
    public bool IsAttached => Volatile.Read(ref _attachment) is not null;

    /// <summary>What it holds for the head process.</summary>
    internal BoardShares Shares { get; }

    /// <summary>Takes up the service of a head process. What an earlier one left is cleared away.</summary>
    /// <exception cref="BoardBusyException">The board serves another head process, which is alive.</exception>
    internal async Task<BoardAnnouncement> AttachAsync(ControlCaller head, AttachRequest request, byte[] heartbeatKey)
    {
        using IDisposable turn = await TurnAsync();
        if (_attachment is { } before && before.Head.InstanceId != head.InstanceId && !IsSilent(before))
        {
            throw new BoardBusyException(_options.Name, before.Head.Name);
        }

        await ClearAsync();
        _heartbeats.Register(request.HeartbeatKey, heartbeatKey);
        Volatile.Write(ref _attachment, new Attachment(head, request.HeartbeatKey));
        AgentLog.Attached(_log, _options.Name, head.Name);
        return new BoardAnnouncement(
            _options.Name,
            _options.Instance,
            ControlVersion.Current.Product,
            _options.Threads,
            _board.Profile.BytesPerSecond,
            _board.Profile.MemoryBytes,
            _listener.EndPoint.Port,
            _heartbeats.Port,
            _options.AdvertisedHost,
            _board.Profile.Streams);
    }

    /// <summary>Leaves a head process's service.</summary>
    internal async Task DetachAsync(ControlCaller head)
    {
        using IDisposable turn = await TurnAsync();
        if (_attachment is { } attachment && attachment.Head.InstanceId == head.InstanceId)
        {
            await LeaveAsync("it said so");
        }
    }

    /// <summary>Refuses callers that this board does not serve.</summary>
    /// <exception cref="NotAttachedException">The caller is another head process, or none is served.</exception>
    internal void Check(ControlCaller head)
    {
        if (Volatile.Read(ref _attachment)?.Head.InstanceId != head.InstanceId)
        {
            throw new NotAttachedException(_options.Name);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _watching;
        await ClearAsync();
        await Shares.DisposeAsync();
        _stopping.Dispose();
        _gate.Dispose();
    }

    private async Task WatchHeadAsync()
    {
        using PeriodicTimer timer = new(TimeSpan.FromSeconds(1), _time);
        try
        {
            while (await timer.WaitForNextTickAsync(_stopping.Token))
            {
                using IDisposable turn = await TurnAsync();
                if (_attachment is { } attachment && IsSilent(attachment))
                {
                    await LeaveAsync($"it has been silent for {_options.HeadSilence.TotalSeconds:0.#} s");
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The process ends.
        }
    }

    private bool IsSilent(Attachment attachment) => _heartbeats.SilentFor(attachment.HeartbeatKey) > _options.HeadSilence;

    private async Task LeaveAsync(string reason)
    {
        AgentLog.Detached(_log, _options.Name, _attachment!.Head.Name, reason);
        await ClearAsync();
    }

    private async Task ClearAsync()
    {
        if (_attachment is { } attachment)
        {
            _heartbeats.Forget(attachment.HeartbeatKey);
            Volatile.Write(ref _attachment, null);
        }

        await Shares.ClearAsync();
    }

    private async Task<IDisposable> TurnAsync()
    {
        await _gate.WaitAsync(_stopping.Token);
        return new Turn(_gate);
    }

    private sealed record Attachment(ControlCaller Head, ulong HeartbeatKey);

    private sealed class Turn(SemaphoreSlim gate) : IDisposable
    {
        public void Dispose() => gate.Release();
    }
}
