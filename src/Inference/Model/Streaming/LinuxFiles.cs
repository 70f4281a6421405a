using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Halo.Inference.Model.Streaming;

/// <summary>System calls of 64-bit Linux by which a file is read past the page cache.</summary>
internal static partial class LinuxFiles
{
    private const int CloseOnExec = 0x80000; // O_CLOEXEC
    private const int DoNotNeed = 4;         // POSIX_FADV_DONTNEED

    /// <summary>Whether these calls are those of this system.</summary>
    internal static bool IsHere => OperatingSystem.IsLinux() && Environment.Is64BitProcess;

    // O_DIRECT is one of the few flags that differ between architectures.
    private static int Direct => RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 0x10000 : 0x4000;

    /// <summary>Opens a file for reads that go from the device to the caller's memory; null where system or volume refuse that.</summary>
    /// <remarks>Offsets, lengths and addresses of such reads are whole pages; the last read of a file may come back shorter.</remarks>
    internal static SafeFileHandle? TryOpenDirect(string path)
    {
        int descriptor = IsHere ? Open(path, Direct | CloseOnExec, 0) : -1;
        return descriptor < 0 ? null : new SafeFileHandle(descriptor, ownsHandle: true);
    }

    /// <summary>Asks the system to forget what it keeps of a file in memory.</summary>
    internal static void Forget(SafeFileHandle file)
    {
        if (IsHere)
        {
            _ = Advise(file, 0, 0, DoNotNeed);
        }
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "posix_fadvise")]
    private static partial int Advise(SafeHandle file, long offset, long length, int advice);
}
