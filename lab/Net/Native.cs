using System.Runtime.InteropServices;

namespace Halo.Lab.Net;

/// <summary>Linux system calls that the laboratory needs and the runtime does not offer.</summary>
internal static partial class Native
{
    internal const int ReadWrite = 2; // O_RDWR
    internal const int NonBlocking = 0x800; // O_NONBLOCK, EFD_NONBLOCK
    internal const int CloseOnExec = 0x80000; // O_CLOEXEC, EFD_CLOEXEC
    internal const int NetworkNamespace = 0x40000000; // CLONE_NEWNET
    internal const nuint SetTunInterface = 0x400454CA; // TUNSETIFF
    internal const short TunWithoutHeader = 0x1001; // IFF_TUN | IFF_NO_PI
    internal const int RoundRobin = 2; // SCHED_RR
    internal const short Readable = 1; // POLLIN

    private const string C = "libc";

    [LibraryImport(C, EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int Open(string path, int flags);

    [LibraryImport(C, EntryPoint = "close")]
    internal static partial int Close(int descriptor);

    [LibraryImport(C, EntryPoint = "ioctl", SetLastError = true)]
    internal static partial int Control(int descriptor, nuint request, Span<byte> argument);

    [LibraryImport(C, EntryPoint = "setns", SetLastError = true)]
    internal static partial int EnterNamespace(int descriptor, int kind);

    [LibraryImport(C, EntryPoint = "read")]
    internal static partial nint Read(int descriptor, Span<byte> buffer, nint count);

    [LibraryImport(C, EntryPoint = "write")]
    internal static partial nint Write(int descriptor, ReadOnlySpan<byte> buffer, nint count);

    [LibraryImport(C, EntryPoint = "eventfd", SetLastError = true)]
    internal static partial int MakeEvent(uint value, int flags);

    /// <summary>Waits until a descriptor is readable or the time is over.</summary>
    [LibraryImport(C, EntryPoint = "ppoll")]
    internal static partial int Poll(Span<PollEntry> entries, nuint count, in Duration limit, nint signals);

    /// <summary>Sets how a thread is scheduled; thread 0 is the caller.</summary>
    [LibraryImport(C, EntryPoint = "sched_setscheduler", SetLastError = true)]
    internal static partial int Schedule(int thread, int policy, in int priority);

    /// <summary>A failure of the last call with <c>SetLastError</c>, in words.</summary>
    internal static string LastError => Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError());

    /// <summary><c>struct pollfd</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct PollEntry
    {
        internal int Descriptor;
        internal short Wanted;
        internal short Found;
    }

    /// <summary><c>struct timespec</c> of 64-bit systems.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal readonly struct Duration(long nanoseconds)
    {
        internal readonly long Seconds = nanoseconds / 1_000_000_000;
        internal readonly long Nanoseconds = nanoseconds % 1_000_000_000;
    }
}
