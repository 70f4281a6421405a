using System.Net.Sockets;
using Halo.Fabric.Streams.Sessions;
using Halo.Fabric.Transport;

namespace Halo.Fabric.Streams;

/// <summary>
/// Moves the bytes of all links of one board on its step thread: that thread waits for the very bytes, so no other one has to be woken first.
/// Links do not block: while one takes nothing the others are still read, so boards that send to each other at once never wait in a circle.
/// </summary>
internal sealed class StreamPump : IProgressPump, IDisposable
{
    private readonly Waker _waker = new();
    private readonly List<Socket> _readable = []; // reused by every wait
    private readonly List<Socket> _writable = [];
    private StreamLink[] _links = [];

    /// <summary>Takes the links, before the first call of anything else.</summary>
    internal void Attach(IEnumerable<StreamLink> links) => _links = [.. links];

    public bool Move()
    {
        bool moved = false;
        foreach (StreamLink link in _links)
        {
            moved |= link.HasUnsent && link.Flush();
            moved |= link.Receive();
        }

        return moved;
    }

    /// <summary>Moves bytes until the kernel has all that was sent.</summary>
    /// <param name="stopped">Ends the wait when true; whoever sets it wakes the pump.</param>
    internal void MoveUntilSent(ref bool stopped)
    {
        while (HasUnsent() && !Volatile.Read(ref stopped))
        {
            MoveOrWait();
        }
    }

    /// <summary>Moves bytes, or waits until some can be moved.</summary>
    internal void MoveOrWait()
    {
        if (!Move())
        {
            Wait();
        }
    }

    public void Wait()
    {
        _readable.Clear();
        _writable.Clear();
        _readable.Add(_waker.Socket);
        foreach (StreamLink link in _links)
        {
            if (!link.IsOpen)
            {
                continue;
            }

            _readable.Add(link.Socket);
            if (link.HasUnsent)
            {
                _writable.Add(link.Socket);
            }
        }

        try
        {
            Socket.Select(_readable, _writable, null, Timeout.Infinite);
            if (_readable.Count > 0 && _readable[0] == _waker.Socket)
            {
                _waker.Reset();
            }
        }
        catch (ObjectDisposedException)
        {
            // Ended from another thread, which has said so before.
        }
    }

    public void Wake() => _waker.Wake();

    public void Dispose() => _waker.Dispose();

    private bool HasUnsent()
    {
        foreach (StreamLink link in _links)
        {
            if (link.HasUnsent)
            {
                return true;
            }
        }

        return false;
    }
}
