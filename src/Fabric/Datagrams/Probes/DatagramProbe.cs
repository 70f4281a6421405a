using System.Diagnostics;
using System.Net;
using Halo.Fabric.Datagrams.Format;
using Halo.Fabric.Datagrams.Sockets;
using Halo.Fabric.Streams.Sessions;

namespace Halo.Fabric.Datagrams.Probes;

/// <summary>
/// Learns the other boards' ports, and proves that datagrams pass in both directions before anything counts on them: each board sends probes to each
/// other until that one has told over the stream, which loses nothing, whether one came. So both ends of each pair know both directions when this ends.
/// </summary>
internal sealed class DatagramProbe : IDisposable
{
    private readonly int _place;
    private readonly int _head;
    private readonly IReadOnlyList<string> _names;
    private readonly DatagramSocket _socket;
    private readonly ProbeLimits _limits;
    private readonly ProbedPeer[] _peers;
    private readonly SocketAddress?[] _addresses; // by place
    private readonly TimeSpan[] _learned;         // when a board's port came, by place
    private readonly byte[] _probe = new byte[ProbeFormat.Bytes];
    private readonly SocketWait _wait; // the port, then the peers' streams

    /// <param name="place">This board's place.</param>
    /// <param name="head">The head board's place.</param>
    /// <param name="names">The boards' names, for messages.</param>
    /// <param name="connections">A connection to every other board that this one exchanges datagrams with, by place; not owned.</param>
    /// <param name="socket">This board's port; not owned.</param>
    /// <param name="limits">How long it may take.</param>
    internal DatagramProbe(
        int place, int head, IReadOnlyList<string> names, IReadOnlyList<StreamConnection?> connections, DatagramSocket socket, ProbeLimits limits)
    {
        _place = place;
        _head = head;
        _names = names;
        _socket = socket;
        _limits = limits;
        _addresses = new SocketAddress?[names.Count];
        _learned = new TimeSpan[names.Count];
        _peers = [.. connections.Select((connection, peer) => connection is null ? null : new ProbedPeer(peer, names[peer], connection)).OfType<ProbedPeer>()];
        _wait = new SocketWait([socket.Socket, .. _peers.Select(peer => peer.Stream)]);
    }

    /// <summary>Runs to the end; waits for the other boards, which do the same.</summary>
    /// <returns>Where the other boards listen, by place.</returns>
    /// <exception cref="StreamConnectException">A board fell silent; the message names it.</exception>
    /// <exception cref="DatagramsBlockedException">Datagrams do not pass between this board and another.</exception>
    internal SocketAddress?[] Run()
    {
        foreach (ProbedPeer peer in _peers)
        {
            peer.TellPort(_socket.Port);
        }

        long start = Stopwatch.GetTimestamp();
        TimeSpan next = TimeSpan.Zero;
        while (!Array.TrueForAll(_peers, peer => peer.IsSettled))
        {
            TimeSpan now = Stopwatch.GetElapsedTime(start);
            if (now >= next)
            {
                next = now + ProbeLimits.Interval;
                SendProbes();
            }

            CheckTimes(now);
            _wait.Wait(Math.Max(0, (long)(next - now).TotalMicroseconds));
            TakeDatagrams();
            TakeWords(start);
        }

        // The head board's word comes first: without it nothing helps but streams.
        if (_peers.Where(peer => peer is not { Comes: true, Goes: true }).OrderByDescending(peer => peer.Place == _head).FirstOrDefault() is { } blocked)
        {
            throw new DatagramsBlockedException(blocked.Place, _place == _head || blocked.Place == _head, Describe(blocked));
        }

        return _addresses;
    }

    public void Dispose()
    {
        foreach (ProbedPeer peer in _peers)
        {
            peer.Dispose();
        }
    }

    private void SendProbes()
    {
        foreach (ProbedPeer peer in _peers)
        {
            if (_addresses[peer.Place] is { } address && peer.Goes is null)
            {
                peer.WriteProbe(_probe, _place);
                _socket.Send(_probe, address);
            }
        }

        _socket.Flush();
    }

    private void CheckTimes(TimeSpan now)
    {
        foreach (ProbedPeer peer in _peers)
        {
            if (peer.Port == 0)
            {
                if (now > _limits.Talk)
                {
                    throw peer.Silent($"nothing came within {_limits.Talk.TotalSeconds:0.#} s");
                }

                continue;
            }

            TimeSpan probed = now - _learned[peer.Place];
            if (probed > _limits.Probes)
            {
                peer.TellComes(false);
            }

            if (peer.Goes is null && probed > _limits.Probes + _limits.Talk)
            {
                throw peer.Silent($"nothing came within {_limits.Talk.TotalSeconds:0.#} s");
            }
        }
    }

    private void TakeDatagrams()
    {
        while (_socket.TryReceive(out Span<byte> datagram))
        {
            Take(datagram);
        }
    }

    private void Take(Span<byte> datagram)
    {
        int sender = ProbeFormat.SenderOf(datagram);
        if (Array.Find(_peers, peer => peer.Place == sender) is { Comes: null } peer && peer.Sealed(datagram))
        {
            peer.TellComes(true);
        }
    }

    private void TakeWords(long start)
    {
        for (int index = 0; index < _peers.Length; index++)
        {
            ProbedPeer peer = _peers[index];
            if (!_wait.IsReadable(index + 1))
            {
                continue;
            }

            peer.Hear();
            if (peer.Goes is not null)
            {
                _wait.Remove(index + 1);
            }

            if (peer.Port != 0 && _addresses[peer.Place] is null)
            {
                _addresses[peer.Place] = _socket.AddressOf(peer.Address!, peer.Port);
                _learned[peer.Place] = Stopwatch.GetElapsedTime(start);
                SendProbes();
            }
        }
    }

    private string Describe(ProbedPeer peer)
    {
        string here = _names[_place];
        string there = _names[peer.Place];
        string what = (peer.Comes, peer.Goes) switch
        {
            (true, _) => $"UDP is blocked from board {here} to board {there}: open UDP port {peer.Port} there",
            (_, true) => $"UDP is blocked from board {there} to board {here}: open UDP port {_socket.Port} here",
            _ => $"UDP is blocked both ways between board {here} (port {_socket.Port}) and board {there} (port {peer.Port}): open both ports",
        };
        return $"{what}, for datagrams of {ProbeFormat.Bytes} bytes; none came through within {_limits.Probes.TotalSeconds:0.#} s.";
    }
}
