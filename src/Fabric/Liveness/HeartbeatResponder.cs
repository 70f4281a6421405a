using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Halo.Fabric.Liveness;

/// <summary>
/// A board process's end of the heartbeats: answers pings that are sealed with a key it knows, and remembers when it last heard each of them,
/// so that a board can tell that its head process is gone. Everything else that comes to the port is dropped without a word, and counted.
/// Safe for threads.
/// </summary>
public sealed class HeartbeatResponder : IAsyncDisposable
{
    private static readonly TimeSpan s_tick = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(1.25); // a tick later than this was late by a second: we were stopped

    private readonly ConcurrentDictionary<ulong, Caller> _callers = [];
    private readonly TimeProvider _time;
    private readonly Socket _socket;
    private readonly ITimer _ticks;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _answering;
    private readonly long _start;
    private long _lastTick;  // ticks of TimeSpan since _start
    private long _resumed;   // likewise: when the last pause of this process ended
    private long _dropped;
    private volatile bool _isLeaving;
    private long _answered;
    private ulong _number;

    /// <summary>Opens the port and starts to answer.</summary>
    /// <param name="address">The address to listen on.</param>
    /// <param name="port">The port, 0 for any that is free.</param>
    /// <param name="time">The clock; the system's where null.</param>
    /// <exception cref="IOException">The port cannot be had.</exception>
    public HeartbeatResponder(IPAddress address, int port, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(address);
        ArgumentOutOfRangeException.ThrowIfNegative(port);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(port, IPEndPoint.MaxPort);
        _time = time ?? TimeProvider.System;
        _start = _time.GetTimestamp();
        _socket = new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp) { Blocking = false };
        try
        {
            _socket.Bind(new IPEndPoint(address, port));
        }
        catch (SocketException fault)
        {
            _socket.Dispose();
            throw new IOException($"Heartbeats cannot listen on {address} port {port}: {fault.Message}. Name another, or port 0 for any that is free.", fault);
        }

        Port = ((IPEndPoint)_socket.LocalEndPoint!).Port;
        _ticks = _time.CreateTimer(_ => Tick(), null, s_tick, s_tick);
        _answering = Task.Run(AnswerAsync);
    }

    /// <summary>The port it listens on.</summary>
    public int Port { get; }

    /// <summary>Says with every answer from now on that this process is about to end, so that nobody counts on it any more.</summary>
    public bool IsLeaving
    {
        get => _isLeaving;
        set => _isLeaving = value;
    }

    /// <summary>Pings answered.</summary>
    public long Answered => Volatile.Read(ref _answered);

    /// <summary>Datagrams dropped: no heartbeat, an unknown key, a wrong seal, a number that was there before, or no way back to the sender.</summary>
    public long Dropped => Volatile.Read(ref _dropped);

    /// <summary>Answers pings under a key from now on. The same key again changes nothing; another key under its id replaces it.</summary>
    /// <param name="keyId">Names the key; the head process uses the same.</param>
    /// <param name="key">32 secret bytes, for this pair of processes alone.</param>
    /// <exception cref="ArgumentException">The key has another length.</exception>
    public void Register(ulong keyId, byte[] key)
    {
        ArgumentNullException.ThrowIfNull(key);
        Caller fresh = new(new HeartbeatKey(key), Now.Ticks);
        _callers.AddOrUpdate(keyId, fresh, (_, known) => known.Key.IsSame(fresh.Key) ? known : fresh);
    }

    /// <summary>Answers no more pings under a key.</summary>
    /// <returns>Whether it was known.</returns>
    public bool Forget(ulong keyId) => _callers.TryRemove(keyId, out _);

    /// <summary>When a ping under a key was last heard; null where none was, or the key is not known.</summary>
    public DateTimeOffset? LastHeard(ulong keyId) =>
        _callers.TryGetValue(keyId, out Caller? caller) && caller.IsHeard ? _time.GetUtcNow() - (Now - new TimeSpan(caller.HeardAt)) : null;

    /// <summary>
    /// For how long no ping under a key was heard, counted from its registration at first; null where the key is not known. Time in which this
    /// process itself was stopped does not count: after a pause silence is counted anew.
    /// </summary>
    public TimeSpan? SilentFor(ulong keyId)
    {
        if (!_callers.TryGetValue(keyId, out Caller? caller))
        {
            return null;
        }

        TimeSpan now = Now;
        return IsLate(now) ? TimeSpan.Zero : now - new TimeSpan(Math.Max(caller.HeardAt, Volatile.Read(ref _resumed)));
    }

    /// <summary>Closes the port; who pings it then learns that it is closed.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_stop.IsCancellationRequested)
        {
            await _answering.ConfigureAwait(false);
            return;
        }

        await _stop.CancelAsync().ConfigureAwait(false);
        await _ticks.DisposeAsync().ConfigureAwait(false);
        _socket.Dispose();
        await _answering.ConfigureAwait(false);
        _stop.Dispose();
    }

    private TimeSpan Now => _time.GetElapsedTime(_start);

    private bool IsLate(TimeSpan now) => now - new TimeSpan(Volatile.Read(ref _lastTick)) > s_pause;

    private void Tick()
    {
        TimeSpan now = Now;
        if (IsLate(now))
        {
            Volatile.Write(ref _resumed, now.Ticks);
        }

        Volatile.Write(ref _lastTick, now.Ticks);
    }

    private async Task AnswerAsync()
    {
        byte[] incoming = new byte[Heartbeat.Bytes + 1]; // one more, so that a longer datagram shows
        byte[] outgoing = new byte[Heartbeat.Bytes];
        SocketAddress sender = new(_socket.AddressFamily);
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                int count = await _socket.ReceiveFromAsync(incoming, SocketFlags.None, sender, _stop.Token).ConfigureAwait(false);
                Interlocked.Increment(ref TryAnswer(incoming.AsSpan(0, count), outgoing) && TrySend(outgoing, sender) ? ref _answered : ref _dropped);
            }
            catch (Exception) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (SocketException fault)
            {
                await SurviveAsync(fault.SocketErrorCode).ConfigureAwait(false);
            }
        }
    }

    private bool TryAnswer(ReadOnlySpan<byte> datagram, Span<byte> answer)
    {
        if (!Heartbeat.TryReadKeyId(datagram, HeartbeatKind.Ping, out ulong keyId)
            || !_callers.TryGetValue(keyId, out Caller? caller)
            || !Heartbeat.TryRead(datagram, HeartbeatKind.Ping, caller.Key, out Heartbeat ping)
            || !caller.Numbers.TryTake(ping.Number))
        {
            return false;
        }

        caller.Hear(Now.Ticks);
        new Heartbeat(HeartbeatKind.Pong, keyId, ++_number, ping.Number, Heartbeat.Clock(_time), IsLeaving).Write(answer, caller.Key);
        return true;
    }

    private bool TrySend(ReadOnlySpan<byte> answer, SocketAddress receiver)
    {
        try
        {
            _socket.SendTo(answer, SocketFlags.None, receiver);
            return true;
        }
        catch (SocketException)
        {
            return false; // a lost pong; the next ping asks again
        }
    }

    // Some systems report here what became of an earlier pong, or that a datagram was too long. Anything else may stay for a while (a network
    // that is down), so it is not asked for again at once.
    private async ValueTask SurviveAsync(SocketError error)
    {
        Interlocked.Increment(ref _dropped);
        if (error is not (SocketError.ConnectionReset or SocketError.ConnectionRefused or SocketError.MessageSize))
        {
            await Task.Delay(s_tick, _time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private sealed class Caller(HeartbeatKey key, long registeredAt)
    {
        private long _heardAt = registeredAt;
        private volatile bool _isHeard;

        internal ReplayWindow Numbers; // touched by the answering task alone

        internal HeartbeatKey Key { get; } = key;

        internal long HeardAt => Volatile.Read(ref _heardAt);

        internal bool IsHeard => _isHeard;

        internal void Hear(long now)
        {
            Volatile.Write(ref _heardAt, now);
            _isHeard = true;
        }
    }
}
