using System.Net;
using System.Runtime.InteropServices;
using Halo.Fabric.Datagrams.Format;

namespace Halo.Fabric.Datagrams.Sockets;

/// <summary>
/// Sends datagrams to one receiver with one system call, as long as all but the last have the same length. Where a system or a network card cannot
/// cut them apart again they go one by one.
/// </summary>
/// <param name="socket">The port.</param>
internal sealed class BatchSender(SafeHandle socket)
{
    private const int MostDatagrams = 40; // the system takes 64, and less than 64 KiB
    private const int MostAddressBytes = 128;

    private readonly byte[] _bytes = GC.AllocateArray<byte>(MostDatagrams * DatagramFormat.MaxBytes, pinned: true);
    private readonly byte[] _address = GC.AllocateArray<byte>(MostAddressBytes, pinned: true);
    private readonly Linux.Part[] _part = GC.AllocateArray<Linux.Part>(1, pinned: true);
    private readonly Linux.Control[] _control = GC.AllocateArray<Linux.Control>(1, pinned: true);
    private SocketAddress? _receiver;
    private int _count;
    private int _end;
    private int _length; // of each but the last
    private bool _isClosed; // the last is shorter: none may follow
    private bool _cutsApart = true;

    internal void Send(ReadOnlySpan<byte> datagram, SocketAddress receiver)
    {
        if (_count > 0 && (_isClosed || _count == MostDatagrams || datagram.Length > _length || !ReferenceEquals(receiver, _receiver)))
        {
            Flush();
        }

        datagram.CopyTo(_bytes.AsSpan(_end));
        _end += datagram.Length;
        _length = _count == 0 ? datagram.Length : _length;
        _receiver = receiver;
        _isClosed = datagram.Length < _length || !_cutsApart;
        _count++;
    }

    internal void Flush()
    {
        if (_count == 0)
        {
            return;
        }

        _receiver!.Buffer.Span[.._receiver.Size].CopyTo(_address);
        if (!TrySend(0, _end, _count > 1) && _count > 1 && Marshal.GetLastPInvokeError() is not (Linux.TryAgain or Linux.OutOfBuffers))
        {
            _cutsApart = false;
            for (int start = 0; start < _end; start += _length)
            {
                TrySend(start, Math.Min(_length, _end - start), isSeveral: false);
            }
        }

        (_count, _end) = (0, 0);
    }

    // False where it is lost, as it may be anywhere on its way: it is sent again.
    private bool TrySend(int start, int count, bool isSeveral)
    {
        _part[0] = new Linux.Part { Start = Marshal.UnsafeAddrOfPinnedArrayElement(_bytes, start), Bytes = (nuint)count };
        Linux.Message message = new()
        {
            Name = Marshal.UnsafeAddrOfPinnedArrayElement(_address, 0),
            NameBytes = (uint)_receiver!.Size,
            Parts = Marshal.UnsafeAddrOfPinnedArrayElement(_part, 0),
            PartCount = 1,
        };
        if (isSeveral)
        {
            _control[0] = new Linux.Control { Bytes = Linux.Control.HeadBytes + sizeof(ushort), Level = Linux.Udp, Type = Linux.SegmentSize, Value = _length };
            message.Control = Marshal.UnsafeAddrOfPinnedArrayElement(_control, 0);
            message.ControlBytes = Linux.Control.Space;
        }

        try
        {
            return Linux.Send(socket, message, Linux.DoNotWait | Linux.DoNotSignal) >= 0;
        }
        catch (ObjectDisposedException)
        {
            return true; // nobody is there to send it again
        }
    }
}
