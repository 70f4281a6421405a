using System.Net.Sockets;

namespace Halo.Fabric.Streams;

/// <summary>
/// One board's stream to another: sends frames from the step thread, and receives on a thread of its own. Frames are checked before their
/// payload is read; a peer that sends anything else is cut off.
/// </summary>
internal sealed class StreamLink : IDisposable
{
    private readonly Socket _socket;
    private readonly IFrameReceiver _receiver;
    private readonly int _peer;
    private readonly byte[] _incoming;
    private readonly byte[] _outgoing; // head and payload of one frame: small frames leave in one piece
    private readonly Lock _sending = new(); // the step thread sends; only an abort may come from elsewhere
    private readonly Thread _thread;
    private volatile bool _closed;

    /// <param name="socket">A connected stream socket, owned from here on.</param>
    /// <param name="peer">The board at the other end.</param>
    /// <param name="maxPayloadBytes">Largest payload either side may send.</param>
    /// <param name="receiver">Takes frames.</param>
    internal StreamLink(Socket socket, int peer, int maxPayloadBytes, IFrameReceiver receiver)
    {
        _socket = socket;
        _socket.NoDelay = true;
        _peer = peer;
        _receiver = receiver;
        _incoming = GC.AllocateArray<byte>(maxPayloadBytes, pinned: true);
        _outgoing = GC.AllocateArray<byte>(StreamFrame.Bytes + maxPayloadBytes, pinned: true);
        _thread = new Thread(Receive) { IsBackground = true, Name = $"halo-stream-{peer}" };
    }

    internal void Start() => _thread.Start();

    /// <summary>Sends a frame; a broken connection shows in the receiver, not here.</summary>
    internal void Send(in StreamFrame frame, ReadOnlySpan<byte> payload)
    {
        lock (_sending)
        {
            if (_closed)
            {
                return;
            }

            frame.Write(_outgoing);
            payload.CopyTo(_outgoing.AsSpan(StreamFrame.Bytes));
            ReadOnlySpan<byte> rest = _outgoing.AsSpan(0, StreamFrame.Bytes + payload.Length);
            try
            {
                while (!rest.IsEmpty)
                {
                    rest = rest[_socket.Send(rest, SocketFlags.None)..];
                }
            }
            catch (Exception fault) when (fault is SocketException or ObjectDisposedException)
            {
                Lose(fault.Message);
            }
        }
    }

    public void Dispose()
    {
        _closed = true;
        _socket.Dispose();
        if (Thread.CurrentThread != _thread && _thread.IsAlive)
        {
            _thread.Join();
        }
    }

    private void Receive()
    {
        Span<byte> head = stackalloc byte[StreamFrame.Bytes];
        try
        {
            while (ReadWhole(head))
            {
                if (!StreamFrame.TryRead(head, out StreamFrame frame) || (uint)frame.PayloadBytes > (uint)_incoming.Length)
                {
                    Lose("it sent what is no frame of this version");
                    return;
                }

                Span<byte> payload = _incoming.AsSpan(0, frame.PayloadBytes);
                if (!ReadWhole(payload))
                {
                    break;
                }

                if (!_receiver.OnFrame(_peer, frame, payload))
                {
                    Lose($"it sent a {frame.Kind} frame that does not fit the step");
                    return;
                }
            }

            Lose("the connection was closed");
        }
        catch (Exception fault) when (fault is SocketException or ObjectDisposedException)
        {
            Lose(fault.Message);
        }
    }

    private bool ReadWhole(Span<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            int count = _socket.Receive(bytes, SocketFlags.None);
            if (count == 0)
            {
                return false;
            }

            bytes = bytes[count..];
        }

        return true;
    }

    private void Lose(string reason)
    {
        if (!_closed)
        {
            _closed = true;
            _receiver.OnLost(_peer, reason);
            _socket.Dispose();
        }
    }
}

/// <summary>Takes what comes from another board; called on the link's own thread.</summary>
internal interface IFrameReceiver
{
    /// <summary>Takes a frame; false where it makes no sense, which ends the connection. The payload is valid during the call.</summary>
    bool OnFrame(int peer, in StreamFrame frame, ReadOnlySpan<byte> payload);

    /// <summary>The connection is gone.</summary>
    void OnLost(int peer, string reason);
}
