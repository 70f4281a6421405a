using System.Net.Sockets;
using Halo.Fabric.Streams.Sessions;

namespace Halo.Fabric.Streams;

/// <summary>
/// One board's stream to another: makes frames into bytes and back, sealed where the link has keys. Frames are checked before they are taken;
/// a peer that sends anything else is cut off. One thread receives; any thread may send. On a socket that does not block, what the kernel
/// does not take stays here until <see cref="Flush"/>.
/// </summary>
internal sealed class StreamLink : IDisposable
{
    // Urgent frames find room when others do not: each board gives a step up once, and a star's head passes one on.
    private const int UrgentRoom = 4 * (StreamFrame.Bytes + StreamFrame.MaxReasonBytes + FrameCipher.TagBytes);
    private const int FewestIncomingBytes = 64 * 1024;

    private readonly Socket _socket;
    private readonly IFrameReceiver _receiver;
    private readonly int _peer;
    private readonly int _maxPayloadBytes;
    private readonly int _tagBytes;
    private readonly FrameCipher? _sealer;
    private readonly FrameCipher? _opener;
    private readonly byte[] _incoming;
    private readonly byte[] _outgoing;
    private readonly Lock _sending = new(); // the step thread sends; only an abort may come from elsewhere
    private int _incomingStart;
    private int _incomingEnd;
    private int _outgoingStart;
    private int _outgoingEnd;
    private volatile bool _hasUnsent;
    private volatile bool _closed;

    /// <param name="connection">The connection, owned from here on.</param>
    /// <param name="peer">The board at the other end.</param>
    /// <param name="maxPayloadBytes">Largest payload either side may send.</param>
    /// <param name="receiver">Takes frames.</param>
    /// <param name="blocking">Whether sending and receiving wait for the kernel.</param>
    internal StreamLink(StreamConnection connection, int peer, int maxPayloadBytes, IFrameReceiver receiver, bool blocking)
    {
        _socket = connection.Socket;
        _socket.Blocking = blocking;
        _peer = peer;
        _maxPayloadBytes = maxPayloadBytes;
        _receiver = receiver;
        if (connection.Keys is { } keys)
        {
            _tagBytes = FrameCipher.TagBytes;
            _sealer = new FrameCipher(keys.Cipher, keys.Send);
            _opener = new FrameCipher(keys.Cipher, keys.Receive);
        }

        int frameBytes = StreamFrame.Bytes + maxPayloadBytes + _tagBytes;
        _incoming = GC.AllocateArray<byte>(Math.Max(frameBytes, FewestIncomingBytes), pinned: true);
        _outgoing = GC.AllocateArray<byte>(frameBytes + UrgentRoom, pinned: true);
    }

    internal Socket Socket => _socket;

    internal bool IsOpen => !_closed;

    /// <summary>Whether bytes wait for <see cref="Flush"/>.</summary>
    internal bool HasUnsent => _hasUnsent && !_closed;

    /// <summary>Sends a frame, or as much of it as the kernel takes now. A broken connection shows when receiving, not here.</summary>
    /// <returns>False where there is no room for the frame: flush and try again.</returns>
    internal bool TrySend(in StreamFrame frame, ReadOnlySpan<byte> payload, bool urgent = false)
    {
        lock (_sending)
        {
            if (_closed)
            {
                return true;
            }

            int bytes = StreamFrame.Bytes + payload.Length + _tagBytes;
            if (!HasRoom(bytes, urgent) && (!FlushLocked() || !HasRoom(bytes, urgent)))
            {
                return false;
            }

            Span<byte> head = _outgoing.AsSpan(_outgoingEnd, StreamFrame.Bytes);
            Span<byte> body = _outgoing.AsSpan(_outgoingEnd + StreamFrame.Bytes, payload.Length + _tagBytes);
            frame.Write(head);
            if (_sealer is null)
            {
                payload.CopyTo(body);
            }
            else
            {
                _sealer.Seal(head, payload, body);
            }

            _outgoingEnd += bytes;
            FlushLocked();
            return true;
        }
    }

    /// <summary>Sends what waits; whether the kernel took any.</summary>
    internal bool Flush()
    {
        lock (_sending)
        {
            return FlushLocked();
        }
    }

    /// <summary>Receives once and takes all frames that are whole; false where nothing has come or the link has ended.</summary>
    internal bool Receive()
    {
        if (_closed)
        {
            return false;
        }

        try
        {
            int count = _socket.Receive(_incoming.AsSpan(_incomingEnd), SocketFlags.None, out SocketError error);
            if (error == SocketError.WouldBlock)
            {
                return false;
            }

            if (error != SocketError.Success || count == 0)
            {
                Lose(error == SocketError.Success ? "the connection was closed" : new SocketException((int)error).Message);
                return false;
            }

            _incomingEnd += count;
            return TakeFrames();
        }
        catch (ObjectDisposedException)
        {
            return false;
        }
    }

    /// <summary>Ends sending and receiving, from any thread; what was sent before still arrives.</summary>
    internal void Close()
    {
        _closed = true;
        try
        {
            _socket.Shutdown(SocketShutdown.Both);
        }
        catch (Exception fault) when (fault is SocketException or ObjectDisposedException)
        {
            // It has ended already.
        }
    }

    /// <summary>Ends the link. A socket that is disposed while another thread waits in it is reset, and what was sent last is lost: close first.</summary>
    public void Dispose()
    {
        Close();
        _socket.Dispose();
        lock (_sending)
        {
            _sealer?.Dispose();
        }
    }

    private bool HasRoom(int bytes, bool urgent)
    {
        if (_outgoingStart == _outgoingEnd)
        {
            (_outgoingStart, _outgoingEnd) = (0, 0);
        }

        return bytes <= _outgoing.Length - (urgent ? 0 : UrgentRoom) - _outgoingEnd;
    }

    // Whether the kernel took any.
    private bool FlushLocked()
    {
        int start = _outgoingStart;
        try
        {
            while (_outgoingStart < _outgoingEnd && !_closed)
            {
                int count = _socket.Send(_outgoing.AsSpan(_outgoingStart, _outgoingEnd - _outgoingStart), SocketFlags.None, out SocketError error);
                if (error == SocketError.WouldBlock)
                {
                    break;
                }

                // What a broken connection cannot take is gone; receiving tells.
                _outgoingStart = error == SocketError.Success ? _outgoingStart + count : _outgoingEnd;
            }
        }
        catch (ObjectDisposedException)
        {
            _outgoingStart = _outgoingEnd;
        }

        _hasUnsent = _outgoingStart < _outgoingEnd;
        return _outgoingStart > start;
    }

    private bool TakeFrames()
    {
        while (_incomingEnd - _incomingStart >= StreamFrame.Bytes)
        {
            Span<byte> head = _incoming.AsSpan(_incomingStart, StreamFrame.Bytes);
            if (!StreamFrame.TryRead(head, out StreamFrame frame) || (uint)frame.PayloadBytes > (uint)_maxPayloadBytes)
            {
                return Lose("it sent what is no frame of this version");
            }

            int bytes = StreamFrame.Bytes + frame.PayloadBytes + _tagBytes;
            if (_incomingEnd - _incomingStart < bytes)
            {
                break;
            }

            Span<byte> body = _incoming.AsSpan(_incomingStart + StreamFrame.Bytes, frame.PayloadBytes + _tagBytes);
            if (_opener is not null && !_opener.TryOpen(head, body))
            {
                return Lose("a frame did not open: it was altered on the way, or does not come from that board");
            }

            if (!_receiver.OnFrame(_peer, frame, body[..frame.PayloadBytes]))
            {
                return Lose($"it sent a {frame.Kind} frame that does not fit the step");
            }

            _incomingStart += bytes;
        }

        // What is left of a frame moves to the front, so that the whole of it fits.
        _incoming.AsSpan(_incomingStart, _incomingEnd - _incomingStart).CopyTo(_incoming);
        (_incomingStart, _incomingEnd) = (0, _incomingEnd - _incomingStart);
        return true;
    }

    private bool Lose(string reason)
    {
        if (!_closed)
        {
            Dispose();
            _receiver.OnLost(_peer, reason);
        }

        return false;
    }
}
