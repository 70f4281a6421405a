using System.Net;
using System.Net.Sockets;

namespace Halo.Fabric.Streams.Sessions;

/// <summary>
/// The one TCP port at which a board process takes streams from other boards, open for the process's life. One thread takes all connections
/// through their handshakes; who does not prove in time that it belongs to an expected session is dropped and costs nothing further.
/// </summary>
public sealed class StreamListener : IDisposable
{
    /// <summary>The most connections whose handshake is under way; beyond it the oldest is dropped.</summary>
    internal const int MaxPending = 256;

    private static readonly TimeSpan s_defaultLimit = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(100); // until a process that is out of descriptors tries again

    private readonly Socket _socket;
    private readonly Waker _waker = new();
    private readonly TimeSpan _limit;
    private readonly TimeProvider _time;
    private readonly Thread _thread;
    private readonly Lock _gate = new();
    private readonly Dictionary<Guid, StreamExpectation> _expected = [];
    private readonly OrderedDictionary<Socket, PendingLink> _pending = []; // oldest first; the thread's own
    private readonly long[] _refused = new long[Enum.GetValues<StreamRefusal>().Length + 1];
    private volatile bool _stopped;

    /// <summary>Opens the port.</summary>
    /// <param name="bind">Address, IPv4 or IPv6, and port; port 0 takes a free one. <see cref="IPAddress.IPv6Any"/> takes both kinds.</param>
    /// <param name="handshakeLimit">How long a handshake may take; 5 s by default.</param>
    /// <param name="time">The clock of the limit.</param>
    /// <exception cref="SocketException">The address cannot be bound.</exception>
    public StreamListener(IPEndPoint bind, TimeSpan? handshakeLimit = null, TimeProvider? time = null)
    {
        _limit = handshakeLimit ?? s_defaultLimit;
        _time = time ?? TimeProvider.System;
        _socket = new Socket(bind.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (bind.Address.Equals(IPAddress.IPv6Any))
            {
                _socket.DualMode = true;
            }

            _socket.Bind(bind);
            _socket.Listen();
            _socket.Blocking = false;
        }
        catch
        {
            _socket.Dispose();
            _waker.Dispose();
            throw;
        }

        EndPoint = (IPEndPoint)_socket.LocalEndPoint!;
        _thread = new Thread(Run) { IsBackground = true, Name = "halo-stream-listener" };
        _thread.Start();
    }

    /// <summary>Where the listener listens, with the port that it got.</summary>
    public IPEndPoint EndPoint { get; }

    /// <summary>Connections refused so far for a reason.</summary>
    internal long Refused(StreamRefusal reason) => Interlocked.Read(ref _refused[(int)reason]);

    /// <summary>Expects one link from each of some boards, until the result is disposed.</summary>
    /// <param name="session">The session.</param>
    /// <param name="place">This board's place.</param>
    /// <param name="dialers">The places of the boards that dial this one.</param>
    /// <exception cref="InvalidOperationException">The session is expected already.</exception>
    internal StreamExpectation Expect(StreamSession session, int place, IEnumerable<int> dialers)
    {
        StreamExpectation expectation = new(session, place, dialers, () => Forget(session.Id));
        lock (_gate)
        {
            return _expected.TryAdd(session.Id, expectation)
                ? expectation
                : throw new InvalidOperationException($"Stream session {session.Id} is expected already; a session connects its boards once.");
        }
    }

    /// <summary>Closes the port and every connection whose handshake is under way; links that were delivered stay.</summary>
    public void Dispose()
    {
        _stopped = true;
        _waker.Wake();
        if (Thread.CurrentThread != _thread)
        {
            _thread.Join();
        }
    }

    private void Forget(Guid session)
    {
        lock (_gate)
        {
            _expected.Remove(session);
        }
    }

    private StreamExpectation? Find(Guid session)
    {
        lock (_gate)
        {
            return _expected.GetValueOrDefault(session);
        }
    }

    private void Run()
    {
        List<Socket> ready = [];
        bool accepts = true;
        while (!_stopped)
        {
            ready.Clear();
            ready.Add(_waker.Socket);
            ready.AddRange(_pending.Keys);
            if (accepts)
            {
                ready.Add(_socket);
            }

            Socket.Select(ready, null, null, accepts ? Timeout.InfiniteTimeSpan : s_pause);
            AdvanceAll(ready);
            accepts = AcceptAll();
        }

        foreach (PendingLink link in _pending.Values)
        {
            link.Dispose();
        }

        _socket.Dispose();
        _waker.Dispose();
    }

    private void AdvanceAll(List<Socket> ready)
    {
        foreach (Socket socket in ready)
        {
            if (socket == _waker.Socket)
            {
                _waker.Reset();
            }
            else if (_pending.TryGetValue(socket, out PendingLink? link) && link.Advance(out StreamRefusal? refusal))
            {
                End(socket, link, refusal);
            }
        }

        // Handshakes have the same limit, so the oldest are over first.
        while (_pending.Count > 0 && _pending.GetAt(0) is { Value.IsExpired: true } oldest)
        {
            End(oldest.Key, oldest.Value, StreamRefusal.TooSlow);
        }
    }

    private void End(Socket socket, PendingLink link, StreamRefusal? refusal)
    {
        _pending.Remove(socket);
        if (refusal is { } reason)
        {
            Interlocked.Increment(ref _refused[(int)reason]);
            link.Refuse(reason);
        }
        else
        {
            link.Dispose();
        }
    }

    // False where the process can take no more connections for now.
    private bool AcceptAll()
    {
        try
        {
            while (!_stopped && _socket.Poll(TimeSpan.Zero, SelectMode.SelectRead))
            {
                Socket socket = _socket.Accept();
                PendingLink link = new(socket, Find);
                link.Deadline = _time.CreateTimer(_ => OnDeadline(link), null, _limit, Timeout.InfiniteTimeSpan);
                _pending.Add(socket, link);
                if (_pending.Count > MaxPending)
                {
                    End(_pending.GetAt(0).Key, _pending.GetAt(0).Value, StreamRefusal.TooMany);
                }
            }

            return true;
        }
        catch (SocketException fault)
        {
            return fault.SocketErrorCode is SocketError.WouldBlock or SocketError.ConnectionAborted or SocketError.ConnectionReset;
        }
    }

    private void OnDeadline(PendingLink link)
    {
        link.Expire();
        _waker.Wake();
    }
}
