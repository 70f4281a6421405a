using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Halo.Inference.Model.Streaming;

/// <summary>System calls of 64-bit Linux by which a file is read past the page cache, and for the memory that it is read to.</summary>
internal static unsafe partial class LinuxFiles
{
    private const int CloseOnExec = 0x80000; // O_CLOEXEC
    private const int DoNotNeed = 4;         // POSIX_FADV_DONTNEED
    private const int ReadWrite = 3;         // PROT_READ | PROT_WRITE
    private const int OwnMemory = 0x22;      // MAP_PRIVATE | MAP_ANONYMOUS

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

    /// <summary>Memory of whole pages, from the system and for nothing else.</summary>
    /// <exception cref="InsufficientMemoryException">There is none.</exception>
    internal static byte* MapMemory(long bytes)
    {
        nint address = Map(0, (nuint)bytes, ReadWrite, OwnMemory, -1, 0);
        return address != -1 ? (byte*)address : throw new InsufficientMemoryException($"The system refuses {bytes} bytes of memory for weights.");
    }

    /// <summary>Gives back what <see cref="MapMemory"/> gave.</summary>
    internal static void UnmapMemory(byte* address, long bytes) => _ = Unmap((nint)address, (nuint)bytes);

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static partial nint Map(nint address, nuint bytes, int protection, int flags, int file, long offset);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int Unmap(nint address, nuint bytes);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "posix_fadvise")]
    private static partial int Advise(SafeHandle file, long offset, long length, int advice);
}
