using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;

namespace Halo.Fabric.Liveness;

/// <summary>
/// The head process's end of the heartbeats: pings every process it watches, and says which of them are alive, suspect or dead. Safe for threads.
/// </summary>
/// <remarks>
/// A process is dead at once where its port is closed (two refusals in a row) or somebody else saw its connection reset
/// (<see cref="ReportLost"/>), else after <see cref="LivenessOptions.DeadAfter"/> of silence. A pause of the head process itself counts as
/// nobody's silence.
/// </remarks>
public sealed class HeartbeatMonitor : IAsyncDisposable
{
    private readonly Lock _lock = new(); // guards the table alone; a peer has a lock of its own, taken after this one or without it
    private readonly Dictionary<string, WatchedPeer> _peers = new(StringComparer.Ordinal);
    private readonly Channel<(WatchedPeer Peer, LivenessChange Change)> _changes =
        Channel.CreateUnbounded<(WatchedPeer, LivenessChange)>(new UnboundedChannelOptions { SingleReader = true });
    private readonly LivenessOptions _options;
    private readonly TimeProvider _time;
    private readonly PeriodicTimer _timer;
    private readonly Task _pinging;
    private readonly Task _telling;
    private uint _watches;
    private long _handlerFaults;
    private bool _disposed;

    /// <summary>Starts; nobody is watched yet.</summary>
    /// <param name="options">When silence means what; the defaults where null.</param>
    /// <param name="time">The clock; the system's where null.</param>
    /// <exception cref="ArgumentException">The times do not fit together.</exception>
    public HeartbeatMonitor(LivenessOptions? options = null, TimeProvider? time = null)
    {
        _options = options ?? new LivenessOptions();
        _options.Validate();
        _time = time ?? TimeProvider.System;
        _timer = new PeriodicTimer(_options.PingInterval, _time);
        _pinging = Task.Run(PingAsync);
        _telling = Task.Run(TellAsync);
    }

    /// <summary>
    /// A process that is watched changed its state. Handlers are called one change after the other, in their order, on a thread of the pool; they
    /// may call the monitor, but not wait for its disposal. What they throw is counted in <see cref="HandlerFaults"/>.
    /// </summary>
    public event Action<LivenessChange>? StateChanged;

    /// <summary>How often a handler of <see cref="StateChanged"/> threw.</summary>
    public long HandlerFaults => Volatile.Read(ref _handlerFaults);

    /// <summary>What is known of all that are watched, the dead included, in the order of their names.</summary>
    public IReadOnlyList<PeerLiveness> Peers => [.. Watched().Select(peer => peer.Snapshot()).OrderBy(peer => peer.Name, StringComparer.Ordinal)];

    /// <summary>Watches a process from now on, as alive. Where the name is watched already, or was dead, the watch begins anew.</summary>
    /// <param name="name">The process.</param>
    /// <param name="endpoint">Where its <see cref="HeartbeatResponder"/> listens.</param>
    /// <param name="keyId">Names the key there.</param>
    /// <param name="key">32 secret bytes, the same as there.</param>
    /// <exception cref="ArgumentException">The name is empty or the key has another length.</exception>
    /// <exception cref="SocketException">There is no way to the endpoint.</exception>
    /// <exception cref="ObjectDisposedException">The monitor is gone.</exception>
    public void Watch(string name, IPEndPoint endpoint, ulong keyId, byte[] key)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(endpoint);
        ArgumentNullException.ThrowIfNull(key);
        HeartbeatKey secret = new(key);
        WatchedPeer peer;
        WatchedPeer? before;
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            peer = new WatchedPeer(name, endpoint, keyId, secret, ++_watches, _options, _time, Note);
            _peers.Remove(name, out before);
            _peers.Add(name, peer);
        }

        Drop(before);
        peer.Tick();
    }

    /// <summary>Watches a process no longer; no change of it is told after that, but for one that is being told now.</summary>
    /// <returns>Whether it was watched.</returns>
    public bool Unwatch(string name)
    {
        WatchedPeer? peer;
        lock (_lock)
        {
            _peers.Remove(name, out peer);
        }

        Drop(peer);
        return peer is not null;
    }

    /// <summary>Somebody else saw that a process is gone, say by a reset connection: it is dead at once. Nothing happens where it is not watched.</summary>
    /// <param name="name">The process.</param>
    /// <param name="reason">What was seen, to follow its name in a message.</param>
    public void ReportLost(string name, string reason)
    {
        ArgumentException.ThrowIfNullOrEmpty(reason);
        Find(name)?.Lose(reason);
    }

    /// <summary>What is known of one process; false where it is not watched.</summary>
    public bool TryGet(string name, [NotNullWhen(true)] out PeerLiveness? peer)
    {
        peer = Find(name)?.Snapshot();
        return peer is not null;
    }

    /// <summary>Stops watching everybody; changes that were noted before are told first.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_lock)
        {
            _disposed = true;
        }

        _timer.Dispose();
        await _pinging.ConfigureAwait(false);
        _changes.Writer.TryComplete();
        await _telling.ConfigureAwait(false);
        foreach (WatchedPeer peer in Watched())
        {
            await peer.DisposeAsync().ConfigureAwait(false);
        }
    }

    private async Task PingAsync()
    {
        while (await _timer.WaitForNextTickAsync().ConfigureAwait(false))
        {
            foreach (WatchedPeer peer in Watched())
            {
                peer.Tick();
            }
        }
    }

    private async Task TellAsync()
    {
        await foreach ((WatchedPeer peer, LivenessChange change) in _changes.Reader.ReadAllAsync().ConfigureAwait(false))
        {
            if (Find(peer.Name) != peer)
            {
                continue; // of an earlier watch: who began anew is not told of the old one's end
            }

            try
            {
                StateChanged?.Invoke(change);
            }
            catch (Exception)
            {
                Interlocked.Increment(ref _handlerFaults);
            }
        }
    }

    private WatchedPeer? Find(string name)
    {
        lock (_lock)
        {
            return _peers.GetValueOrDefault(name);
        }
    }

    private WatchedPeer[] Watched()
    {
        lock (_lock)
        {
            return [.. _peers.Values];
        }
    }

    private void Note(WatchedPeer peer, LivenessChange change) => _changes.Writer.TryWrite((peer, change));

    private static void Drop(WatchedPeer? peer)
    {
        if (peer is not null)
        {
            _ = peer.DisposeAsync().AsTask();
        }
    }
}
