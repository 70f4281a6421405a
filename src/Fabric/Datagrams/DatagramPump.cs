using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Halo.Fabric.Datagrams.Sockets;
using Halo.Fabric.Streams.Sessions;

namespace Halo.Fabric.Datagrams;

/// <summary>
/// Moves the datagrams of one board on its step thread, which waits for them: no other thread has to be woken first. While that thread computes,
/// or waits elsewhere for the next request, a helper moves them, so that what others send again is answered and what they lack is sent again.
/// </summary>
/// <remarks>
/// The helper is a thread of its own and no timer of the runtime's: a worker of the thread pool spins for long after each tick before it sleeps, which
/// took as much processor time as half of all sending.
/// </remarks>
internal sealed class DatagramPump : IDatagramDriver
{
    // Datagrams taken in one call, so that a flood cannot keep the thread. The socket shows no more that the system gave it already: those are
    // taken too, 64 KiB at most.
    private const int MostAtOnce = 512;

    private static readonly TimeSpan s_assist = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan s_assistQuiet = TimeSpan.FromMilliseconds(250);

    private readonly DatagramSocket _socket;
    private readonly SocketAddress?[] _addresses;  // by place
    private readonly StreamConnection?[] _tethers; // by place; closed when the other board ends
    private readonly Waker _waker = new();
    private readonly AutoResetEvent _assist = new(false); // ends the helper's sleep
    private readonly SocketWait _wait; // tethers by place, the waker, the port
    private DatagramCore? _core;
    private Lock _gate = new();
    private Action<int, string> _onLost = (_, _) => { };
    private Action _afterwards = () => { };
    private bool _assistsOften;
    private long _movedAt;
    private long _sendTicks;  // since the last flush
    private int _sent;        // likewise
    private long _heardUntil; // what came before then was taken at once
    private bool _waiting;
    private bool _assisted;
    private bool _disposed;

    /// <param name="socket">This board's port, owned from here on.</param>
    /// <param name="addresses">Where the other boards listen, by place.</param>
    /// <param name="tethers">Connections by place, owned from here on, on which nothing is sent: when one closes, the board has ended.</param>
    internal DatagramPump(DatagramSocket socket, SocketAddress?[] addresses, IReadOnlyList<StreamConnection?> tethers)
    {
        _socket = socket;
        _addresses = addresses;
        _tethers = [.. tethers];
        _wait = new SocketWait([.. _tethers.Select(tether => tether?.Socket), _waker.Socket, socket.Socket]);
    }

    public long Now => Stopwatch.GetTimestamp() / (Stopwatch.Frequency / 1_000_000);

    public void Start(DatagramCore core, Lock gate, Action<int, string> onLost, Action afterwards)
    {
        (_core, _gate, _onLost, _afterwards) = (core, gate, onLost, afterwards);
        foreach (StreamConnection? tether in _tethers)
        {
            tether?.Socket.Blocking = false;
        }

        _movedAt = Now;
        _assistsOften = true;
        new Thread(AssistUntilDisposed) { IsBackground = true, Name = "halo-datagrams" }.Start();
    }

    public long ReceiveOverflows => _socket.ReceiveOverflows;

    public void Send(int peer, ReadOnlySpan<byte> datagram)
    {
        long start = Stopwatch.GetTimestamp();
        _socket.Send(datagram, _addresses[peer]!);
        _sendTicks += Stopwatch.GetTimestamp() - start;
        _sent++;
    }

    public void Flush()
    {
        if (_sent == 0)
        {
            return;
        }

        // Several datagrams may share a system call, whichever of them brings it about.
        long start = Stopwatch.GetTimestamp();
        _socket.Flush();
        _sendTicks += Stopwatch.GetTimestamp() - start;
        _core!.NoteSend(_sendTicks * 1e6 / Stopwatch.Frequency / _sent);
        (_sendTicks, _sent) = (0, 0);
    }

    public bool Move()
    {
        bool moved;
        lock (_gate)
        {
            // What the helper moved may be what the caller waits for.
            moved = MoveDatagrams() | _assisted;
            _assisted = false;
            if (!_assistsOften && !_disposed)
            {
                _assistsOften = true;
                _assist.Set();
            }
        }

        _afterwards();
        return moved;
    }

    public void Wait()
    {
        long left;
        lock (_gate)
        {
            long deadline = _core!.Deadline;
            left = deadline == long.MaxValue ? deadline : deadline - Now;
            if (deadline < _core.WakeAt)
            {
                // An acknowledgement that waits up to a millisecond more rides on a chunk more often than not.
                left = (left + 999) / 1_000 * 1_000;
            }

            if (_assisted || left <= 0 || _disposed)
            {
                return;
            }

            _waiting = true;
        }

        _wait.Wait(left);
        lock (_gate)
        {
            _waiting = false;
            _heardUntil = Now;
        }

        TakeSignals();
    }

    public void Wake() => _waker.Wake();

    public void Dispose()
    {
        lock (_gate)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
            _assist.Set(); // the helper disposes of it
        }

        _socket.Dispose();
        _waker.Dispose();
        foreach (StreamConnection? tether in _tethers)
        {
            tether?.Dispose();
        }
    }

    private void TakeSignals()
    {
        if (_wait.IsReadable(_tethers.Length))
        {
            _waker.Reset();
        }

        for (int peer = 0; peer < _tethers.Length; peer++)
        {
            if (_tethers[peer] is not null && _wait.IsReadable(peer))
            {
                TakeTether(peer);
            }
        }
    }

    // A board says last of all what has happened to it: its datagrams count first.
    private void TakeTether(int peer)
    {
        Span<byte> one = stackalloc byte[1];
        int count = _tethers[peer]!.Socket.Receive(one, SocketFlags.None, out SocketError error);
        if (error == SocketError.WouldBlock)
        {
            return;
        }

        Move();
        lock (_gate)
        {
            _wait.Remove(peer);
            _tethers[peer]!.Dispose();
            _tethers[peer] = null;
            _onLost(peer, error != SocketError.Success ? new SocketException((int)error).Message
                : count == 0 ? "the connection was closed" : "it sent what does not belong on its connection");
        }

        _afterwards();
    }

    // Inside the gate.
    private bool MoveDatagrams()
    {
        if (_disposed)
        {
            return false;
        }

        _movedAt = Now;
        long waited = _movedAt - _heardUntil;
        int taken = 0;
        while ((taken < MostAtOnce || _socket.HoldsDatagrams) && _socket.TryReceive(out Span<byte> datagram))
        {
            _core!.OnDatagram(_movedAt, datagram, waited);
            taken++;
        }

        _core!.Poll(_movedAt);
        _heardUntil = Now;
        return taken > 0;
    }

    private void AssistUntilDisposed()
    {
        while (!Volatile.Read(ref _disposed))
        {
            _assist.WaitOne(Volatile.Read(ref _assistsOften) ? s_assist : s_assistQuiet);
            if (Now - Volatile.Read(ref _movedAt) >= s_assist.TotalMicroseconds)
            {
                Assist();
            }
        }

        _assist.Dispose();
    }

    private void Assist()
    {
        if (!_gate.TryEnter())
        {
            return; // somebody moves them right now
        }

        try
        {
            if (_disposed)
            {
                return;
            }

            long before = _movedAt;
            if (!_waiting)
            {
                bool moved = MoveDatagrams();
                _assisted |= moved;
                _movedAt = moved ? _movedAt : before;
            }

            // Where the step thread waits it moves them, perhaps in an hour; when it does, the helper is needed again.
            _assistsOften = Now - _movedAt <= s_assistQuiet.TotalMicroseconds || !(_waiting || _core!.IsQuiet);
        }
        finally
        {
            _gate.Exit();
        }

        _afterwards();
    }
}
