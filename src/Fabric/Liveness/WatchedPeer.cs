using System.Net;
using System.Net.Sockets;

namespace Halo.Fabric.Liveness;

/// <summary>One process under watch: a connected socket to it, what it answered, and what that makes of it. Safe for threads.</summary>
/// <remarks>
/// The socket is connected so that the system hands it the ICMP message "port unreachable", as an error of the next call; only then is a closed
/// port known before silence is long enough.
/// </remarks>
internal sealed class WatchedPeer : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly ulong _keyId;
    private readonly HeartbeatKey _key;
    private readonly ulong _numbers; // packet numbers of its pings lie above this
    private readonly LivenessOptions _options;
    private readonly TimeProvider _time;
    private readonly long _start;
    private readonly Action<WatchedPeer, LivenessChange> _publish;
    private readonly Socket _socket;
    private readonly LivenessTracker _tracker;
    private readonly PingLog _log;
    private readonly byte[] _outgoing = new byte[Heartbeat.Bytes];
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _receiving;
    private bool _stopped;
    private bool _leaving;
    private long _dropped;
    private long _refusals;

    /// <param name="name">Its name.</param>
    /// <param name="endpoint">Where it answers.</param>
    /// <param name="keyId">Names the key.</param>
    /// <param name="key">The key.</param>
    /// <param name="watch">How many were watched before: numbers of a later watch under the same key are all higher.</param>
    /// <param name="options">Checked times.</param>
    /// <param name="time">The clock.</param>
    /// <param name="publish">Takes changes, in their order; called inside the peer's lock, so it must only note them.</param>
    internal WatchedPeer(
        string name, IPEndPoint endpoint, ulong keyId, HeartbeatKey key, uint watch, LivenessOptions options, TimeProvider time,
        Action<WatchedPeer, LivenessChange> publish)
    {
        Name = name;
        _keyId = keyId;
        _key = key;
        _numbers = (ulong)watch << 32;
        _options = options;
        _time = time;
        _start = time.GetTimestamp();
        _publish = publish;
        _log = new PingLog(options.SuspectAfter, options.DeadAfter);
        _tracker = new LivenessTracker(name, options, TimeSpan.Zero);
        _socket = new Socket(endpoint.AddressFamily, SocketType.Dgram, ProtocolType.Udp) { Blocking = false };
        try
        {
            _socket.Connect(endpoint);
        }
        catch
        {
            _socket.Dispose();
            throw;
        }

        _receiving = Task.Run(ReceiveAsync);
    }

    internal string Name { get; }

    private TimeSpan Now => _time.GetElapsedTime(_start);

    /// <summary>Judges the silence so far, and pings unless it is dead.</summary>
    internal void Tick()
    {
        lock (_lock)
        {
            Publish(_tracker.Tick(Now));
            if (_stopped)
            {
                return;
            }

            ulong number = _numbers + (ulong)_log.Add(Now);
            new Heartbeat(HeartbeatKind.Ping, _keyId, number, Echo: 0, Heartbeat.Clock(_time)).Write(_outgoing, _key);
            _socket.Send(_outgoing, SocketFlags.None, out SocketError error);
            if (IsRefusal(error))
            {
                Refuse();
            }
        }
    }

    /// <summary>Somebody knows that it is gone.</summary>
    internal void Lose(string reason)
    {
        lock (_lock)
        {
            Publish(_tracker.Lost(reason));
        }
    }

    internal PeerLiveness Snapshot()
    {
        lock (_lock)
        {
            TimeSpan now = Now;
            return new PeerLiveness(
                Name,
                _tracker.State,
                _tracker.Silence(now),
                _log.RoundTrip,
                _log.LossShare(now),
                _log.Sent,
                _log.Answered,
                _dropped,
                _refusals);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Stop();
        await _receiving.ConfigureAwait(false);
        lock (_lock)
        {
            _socket.Dispose();
            _stop.Dispose();
        }
    }

    // Some systems call it a reset connection.
    private static bool IsRefusal(SocketError error) => error is SocketError.ConnectionRefused or SocketError.ConnectionReset;

    private async Task ReceiveAsync()
    {
        byte[] incoming = new byte[Heartbeat.Bytes + 1]; // one more, so that a longer datagram shows
        CancellationToken stop = _stop.Token;
        while (!stop.IsCancellationRequested)
        {
            try
            {
                int count = await _socket.ReceiveAsync(incoming, SocketFlags.None, stop).ConfigureAwait(false);
                Take(incoming.AsSpan(0, count));
            }
            catch (Exception) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (SocketException fault) when (IsRefusal(fault.SocketErrorCode))
            {
                lock (_lock)
                {
                    Refuse();
                }
            }
            catch (SocketException)
            {
                // A network that is down proves nothing about the process; its silence will. Not asked again at once, as it may stay so.
                await Task.Delay(_options.PingInterval, _time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    // A pong counts once, for a ping that waits for one: what is replayed, or was held back for longer than death takes, proves nothing.
    private void Take(ReadOnlySpan<byte> datagram)
    {
        lock (_lock)
        {
            TimeSpan now = Now;
            if (Heartbeat.TryRead(datagram, HeartbeatKind.Pong, _key, out Heartbeat pong)
                && pong.KeyId == _keyId
                && _log.TryAnswer((long)(pong.Echo - _numbers), now))
            {
                Publish(_tracker.Heard(now));
                if (pong.IsLeaving && !_leaving)
                {
                    _leaving = true;
                    Publish(new LivenessChange(Name, LivenessState.Alive, LivenessState.Leaving, "it is about to end"));
                }
            }
            else
            {
                _dropped++;
            }
        }
    }

    private void Refuse()
    {
        _refusals++;
        Publish(_tracker.Refused(Now));
    }

    private void Publish(LivenessChange? change)
    {
        if (change is not { } made)
        {
            return;
        }

        _publish(this, made);
        if (made.New == LivenessState.Dead)
        {
            Stop();
        }
    }

    private void Stop()
    {
        lock (_lock)
        {
            if (!_stopped)
            {
                _stopped = true;
                _stop.Cancel();
            }
        }
    }
}
