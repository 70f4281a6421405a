using System.Runtime.InteropServices;

namespace Halo.Fabric.Datagrams.Sockets;

/// <summary>Receives with one system call what came together, and gives it out datagram by datagram.</summary>
/// <param name="socket">The port.</param>
internal sealed class BatchReceiver(SafeHandle socket)
{
    private const int MostBytes = 64 * 1024; // more than the system ever puts together

    private readonly byte[] _bytes = GC.AllocateArray<byte>(MostBytes, pinned: true);
    private readonly Linux.Part[] _part = GC.AllocateArray<Linux.Part>(1, pinned: true);
    private readonly Linux.Control[] _control = GC.AllocateArray<Linux.Control>(1, pinned: true);
    private int _start;
    private int _end;
    private int _length; // of each but the last

    internal bool HoldsDatagrams => _start < _end;

    internal bool TryReceive(out Span<byte> datagram)
    {
        if (!HoldsDatagrams && !TryReceiveTogether())
        {
            datagram = default;
            return false;
        }

        datagram = _bytes.AsSpan(_start, Math.Min(_length, _end - _start));
        _start += datagram.Length;
        return true;
    }

    private bool TryReceiveTogether()
    {
        _part[0] = new Linux.Part { Start = Marshal.UnsafeAddrOfPinnedArrayElement(_bytes, 0), Bytes = MostBytes };
        Linux.Message message = new()
        {
            Parts = Marshal.UnsafeAddrOfPinnedArrayElement(_part, 0),
            PartCount = 1,
            Control = Marshal.UnsafeAddrOfPinnedArrayElement(_control, 0),
            ControlBytes = Linux.Control.Space,
        };
        try
        {
            nint count = Linux.Receive(socket, ref message, Linux.DoNotWait);
            (_start, _end) = (0, (int)Math.Max(count, 0));

            bool isSeveral = message.ControlBytes >= Linux.Control.HeadBytes + sizeof(int)
                && _control[0] is { Level: Linux.Udp, Type: Linux.Coalesce, Value: > 0 };
            _length = isSeveral ? _control[0].Value : _end;
            return count >= 0 || IsOfAnother(Marshal.GetLastPInvokeError());
        }
        catch (ObjectDisposedException)
        {
            return false;
        }
    }

    // What is wrong with a datagram that was sent says nothing of those that came: go on.
    private static bool IsOfAnother(int error) => error is Linux.Refused or Linux.Reset or Linux.TooLong;
}
