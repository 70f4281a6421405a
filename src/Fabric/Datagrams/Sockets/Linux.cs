using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Halo.Fabric.Datagrams.Sockets;

/// <summary>System calls of 64-bit Linux that the runtime does not offer: a message with control data, in which several datagrams can lie.</summary>
internal static partial class Linux
{
    internal const int Udp = 17;           // SOL_UDP
    internal const int SegmentSize = 103;  // UDP_SEGMENT: a u16, cuts what is sent into datagrams of so many bytes
    internal const int Coalesce = 104;     // UDP_GRO: an int, the bytes of all datagrams but the last of what is received
    internal const int DoNotWait = 0x40;   // MSG_DONTWAIT
    internal const int DoNotSignal = 0x4000; // MSG_NOSIGNAL

    internal const int TryAgain = 11;      // EAGAIN
    internal const int TooLong = 90;       // EMSGSIZE
    internal const int Reset = 104;        // ECONNRESET
    internal const int OutOfBuffers = 105; // ENOBUFS
    internal const int Refused = 111;      // ECONNREFUSED

    /// <summary>Whether these calls and the structures below are those of this system.</summary>
    internal static bool IsHere => OperatingSystem.IsLinux() && Environment.Is64BitProcess;

    [LibraryImport("libc", EntryPoint = "sendmsg", SetLastError = true)]
    internal static partial nint Send(SafeHandle socket, in Message message, int flags);

    [LibraryImport("libc", EntryPoint = "recvmsg", SetLastError = true)]
    internal static partial nint Receive(SafeHandle socket, ref Message message, int flags);

    /// <summary>Waits until one of some sockets can be read; the signal mask stays as it is where it is 0.</summary>
    [LibraryImport("libc", EntryPoint = "ppoll", SetLastError = true)]
    internal static partial int Poll([In, Out] PollEntry[] entries, nuint count, in Time longest, nint signalMask);

    /// <summary><c>struct timespec</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Time
    {
        private nint _seconds;
        private nint _nanoseconds;

        internal static Time Of(long microseconds)
        {
            (long seconds, long rest) = Math.DivRem(Math.Clamp(microseconds, 0, 1_000_000_000_000_000), 1_000_000);
            return new Time { _seconds = (nint)seconds, _nanoseconds = (nint)(rest * 1_000) };
        }
    }

    /// <summary><c>struct pollfd</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct PollEntry
    {
        private const short CanBeRead = 1; // POLLIN

        private int _descriptor; // below 0: none
        private short _wanted;

        /// <summary>What was found: 0 where there is nothing to be read.</summary>
        internal short Found;

        internal static PollEntry Of(Socket? socket) =>
            new() { _descriptor = socket is null ? -1 : (int)socket.SafeHandle.DangerousGetHandle(), _wanted = CanBeRead };
    }

    /// <summary><c>struct msghdr</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Message
    {
        internal nint Name;
        internal uint NameBytes;
        internal nint Parts;
        internal nuint PartCount;
        internal nint Control;
        internal nuint ControlBytes;
        internal int Flags;
    }

    /// <summary><c>struct iovec</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Part
    {
        internal nint Start;
        internal nuint Bytes;
    }

    /// <summary><c>struct cmsghdr</c> with an int behind it, of which a u16 takes the first half: <c>CMSG_SPACE</c> of both is 24.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Control
    {
        internal const int HeadBytes = 16;
        internal const int Space = 24;

        internal nuint Bytes; // of head and data
        internal int Level;
        internal int Type;
        internal int Value;
    }
}
