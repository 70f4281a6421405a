using System.Net.Sockets;

namespace Halo.Fabric.Datagrams.Sockets;

/// <summary>
/// Waits until one of some sockets can be read. On Linux to the microsecond, as the deadlines of stages are shorter than a millisecond; elsewhere in
/// whole milliseconds, rounded up.
/// </summary>
internal sealed class SocketWait
{
    private readonly Socket?[] _sockets;
    private readonly Linux.PollEntry[]? _entries; // null where the system's own call is not known
    private readonly List<Socket> _readable = []; // reused by every wait

    /// <param name="sockets">The sockets; null where there is none.</param>
    internal SocketWait(IEnumerable<Socket?> sockets)
    {
        _sockets = [.. sockets];
        _entries = Linux.IsHere ? [.. _sockets.Select(Linux.PollEntry.Of)] : null;
    }

    /// <summary>Waits for a socket no more.</summary>
    internal void Remove(int index)
    {
        _sockets[index] = null;
        if (_entries is not null)
        {
            _entries[index] = Linux.PollEntry.Of(null);
        }
    }

    /// <summary>Waits; may return before its time with nothing to be read.</summary>
    /// <param name="microseconds">The longest wait; <see cref="long.MaxValue"/> for no limit.</param>
    internal void Wait(long microseconds)
    {
        if (_entries is not null)
        {
            Linux.Poll(_entries, (nuint)_entries.Length, Linux.Time.Of(microseconds), 0);
            return;
        }

        _readable.Clear();
        foreach (Socket? socket in _sockets)
        {
            if (socket is not null)
            {
                _readable.Add(socket);
            }
        }

        try
        {
            // The system waits whole milliseconds.
            long rounded = (Math.Min(microseconds, int.MaxValue - 1_000) + 999) / 1_000 * 1_000;
            Socket.Select(_readable, null, null, microseconds == long.MaxValue ? Timeout.Infinite : (int)rounded);
        }
        catch (ObjectDisposedException)
        {
            // Ended from another thread, which has said so before.
            _readable.Clear();
        }
    }

    /// <summary>Whether a socket could be read, or was found closed, when the last wait ended.</summary>
    internal bool IsReadable(int index) =>
        _entries is not null ? _entries[index].Found != 0 : _sockets[index] is { } socket && _readable.Contains(socket);
}
