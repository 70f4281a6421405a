using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Halo.Boards.Control;
using Halo.Boards.Remote;
using Halo.Fabric.Liveness;

namespace Halo.Silo.Membership;

/// <summary>One board in a process of its own: reached, in service, lost, and reached again, for as long as it is a member.</summary>
internal sealed class BoardMember : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly double? _speed;
    private readonly MembershipContext _context;
    private readonly HeartbeatMonitor _monitor;
    private readonly Func<BoardMember, string, string?> _whoElseHas;
    private readonly ControlClient _client;
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource _firstAttempt = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource _attempted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource _wake = new(TaskCreationOptions.RunContinuationsAsynchronously); // try again now
    private RemoteBoard? _board;
    private BoardAnnouncement? _announcement;
    private string? _reason = "it has not been reached yet";
    private Task _keeping = Task.CompletedTask;

    /// <param name="address">Its control endpoint.</param>
    /// <param name="speed">Counts instead of its measured rate, in bytes per second; null for that.</param>
    /// <param name="context">What members need.</param>
    /// <param name="monitor">Watches it.</param>
    /// <param name="whoElseHas">Says why a name cannot be had; null where it can.</param>
    internal BoardMember(
        Uri address, double? speed, MembershipContext context, HeartbeatMonitor monitor, Func<BoardMember, string, string?> whoElseHas)
    {
        Address = address;
        _speed = speed;
        _context = context;
        _monitor = monitor;
        _whoElseHas = whoElseHas;
        _client = new ControlClient(address, context.Key, context.Name, context.Instance, new ControlClientOptions { Trust = context.Trust });
    }

    /// <summary>Its control endpoint.</summary>
    internal Uri Address { get; }

    /// <summary>The name under which heartbeats watch it: it must be unique, which boards' names need not be until they are checked.</summary>
    internal string WatchName => Address.Authority;

    /// <summary>The board's name; null until it was reached.</summary>
    internal string? Name => Volatile.Read(ref _announcement)?.Name;

    /// <summary>What it called itself when it asked to join; null where the user named it.</summary>
    internal string? SaidName { get; init; }

    /// <summary>Whether grains may count on it.</summary>
    internal bool IsInService => Volatile.Read(ref _board) is not null;

    /// <summary>Ends with the first attempt to reach it, whatever came of that.</summary>
    internal Task FirstAttempt => _firstAttempt.Task;

    /// <summary>Begins to reach it.</summary>
    internal void Start() => _keeping = Task.Run(KeepAsync);

    /// <summary>The board itself says that it is there.</summary>
    /// <param name="instance">Its process.</param>
    /// <returns>Null where it is in service, else why not.</returns>
    internal async Task<string?> JoinAsync(string instance)
    {
        Task attempted;
        lock (_gate)
        {
            if (_board is { } board && board.Announcement.Instance == instance)
            {
                return null;
            }

            attempted = _attempted.Task;
        }

        // Where another process is in service at this address, that one is no more.
        Lose("it was restarted");
        _wake.TrySetResult();
        await Task.WhenAny(attempted, Task.Delay(TimeSpan.FromSeconds(10), _stopping.Token));
        return IsInService ? null : Volatile.Read(ref _reason);
    }

    /// <summary>The board is lost; nothing happens where it is not in service.</summary>
    internal void Lose(string reason) => Volatile.Read(ref _board)?.Lose(reason);

    /// <summary>The board is about to end, on purpose: what runs goes on without it, and then it may.</summary>
    internal async Task LetGoAsync()
    {
        if (Volatile.Read(ref _board) is not { } board)
        {
            return;
        }

        MembershipLog.Leaving(_context.Log, board.Announcement.Name, Address);
        await _context.Withdraw(board);
        await board.DetachAsync();
        board.Lose("it was stopped");
    }

    /// <summary>The board as operators see it.</summary>
    internal BoardView View(HeartbeatMonitor monitor)
    {
        lock (_gate)
        {
            bool watched = monitor.TryGet(WatchName, out PeerLiveness? liveness);
            BoardState state = _board is not null
                ? watched && liveness!.State != LivenessState.Alive ? BoardState.Suspect : BoardState.Alive
                : _announcement is null ? BoardState.Connecting : BoardState.Dead;
            return new BoardView(
                _announcement?.Name ?? SaidName ?? "",
                Address,
                state,
                _board is null ? _reason : null,
                _announcement?.Cores ?? 0,
                _board?.Profile.BytesPerSecond ?? _announcement?.BytesPerSecond ?? 0,
                _announcement?.MemoryBytes ?? 0,
                watched ? liveness!.RoundTrip : null,
                watched ? liveness!.LossShare : 0);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _keeping;
        if (_board is { } board)
        {
            await board.DetachAsync();
            board.Close();
        }

        _client.Dispose();
        _stopping.Dispose();
    }

    private async Task KeepAsync()
    {
        try
        {
            while (!_stopping.IsCancellationRequested)
            {
                if (await TryAttachAsync() is { } lost)
                {
                    RemoteBoard board = await lost.WaitAsync(_stopping.Token);
                    _monitor.Unwatch(WatchName);
                    await _context.Leave(board);
                }

                await PauseAsync();
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The head process ends.
        }
    }

    // Ends with the board when it is lost; null where it could not be taken into service.
    private async Task<Task<RemoteBoard>?> TryAttachAsync()
    {
        Task<RemoteBoard>? lost = null;
        try
        {
            lost = await AttachAsync();
        }
        catch (Exception fault)
        {
            _stopping.Token.ThrowIfCancellationRequested();
            Refused(fault is ControlException { Reason: { } said } ? said : fault.Message);
        }

        lock (_gate)
        {
            _attempted.TrySetResult();
            _attempted = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        _firstAttempt.TrySetResult();
        return lost;
    }

    private async Task<Task<RemoteBoard>> AttachAsync()
    {
        ControlSession session = await _client.ConnectAsync(_stopping.Token);
        if (_whoElseHas(this, session.Peer.Name) is { } taken)
        {
            throw new InvalidOperationException(taken);
        }

        ulong keyId = BinaryPrimitives.ReadUInt64LittleEndian(RandomNumberGenerator.GetBytes(sizeof(ulong)));
        BoardAnnouncement announcement = await RemoteBoard.AttachAsync(_client, keyId, _stopping.Token);
        IPEndPoint heartbeats = new(await ResolveAsync(_stopping.Token), announcement.HeartbeatPort);
        TaskCompletionSource<RemoteBoard> lost = new(TaskCreationOptions.RunContinuationsAsynchronously);
        RemoteBoard board = new(_client, announcement, _speed, _context.Weights, (board, reason) => OnLost(board, reason, lost));
        lock (_gate)
        {
            _announcement = announcement;
            _board = board;
            _reason = null;
        }

        try
        {
            _monitor.Watch(WatchName, heartbeats, keyId, HeartbeatKeys.Of(session));
            await _context.Enter(board);
            MembershipLog.Entered(
                _context.Log, announcement.Name, Address, announcement.Cores, announcement.BytesPerSecond / 1e9, announcement.MemoryBytes / 1e6);
        }
        catch (Exception fault)
        {
            board.Lose(fault.Message);
        }

        return lost.Task;
    }

    private async Task<IPAddress> ResolveAsync(CancellationToken cancellationToken)
    {
        IPAddress[] addresses = await Dns.GetHostAddressesAsync(Address.DnsSafeHost, cancellationToken);
        return addresses.FirstOrDefault(address => address.AddressFamily == AddressFamily.InterNetwork) ?? addresses[0];
    }

    private void OnLost(RemoteBoard board, string reason, TaskCompletionSource<RemoteBoard> lost)
    {
        lock (_gate)
        {
            _reason = reason;
            _board = null;
        }

        MembershipLog.Lost(_context.Log, board.Announcement.Name, Address, reason);
        _context.Lose(board, $"Board {board.Announcement.Name} is lost: {reason}.");
        lost.TrySetResult(board);
    }

    private void Refused(string reason)
    {
        lock (_gate)
        {
            if (_reason == reason)
            {
                return; // said once
            }

            _reason = reason;
        }

        MembershipLog.NotReached(_context.Log, Address, reason);
    }

    private async Task PauseAsync()
    {
        await Task.WhenAny(_wake.Task, Task.Delay(_context.RetryAfter, _stopping.Token));
        _wake = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
