using System.Runtime.InteropServices;

namespace Halo.Inference.Memory;

/// <summary>
/// Asks Linux for pages of 2 MiB where it gives them on request: weights are read from front to end, and a processor's prefetching ends at each
/// page's edge. Elsewhere, and where it says no, nothing happens.
/// </summary>
internal static unsafe partial class HugePages
{
    /// <summary>Bytes of such a page; memory must begin on one.</summary>
    internal const nuint PageBytes = 2 << 20;

    /// <summary>Smaller buffers have no whole page.</summary>
    internal const nuint LeastBytes = PageBytes;

    private const int Advice = 14; // MADV_HUGEPAGE

    /// <summary>Asks for memory that was not touched yet.</summary>
    internal static void Ask(void* memory, nuint bytes)
    {
        if (OperatingSystem.IsLinux())
        {
            _ = Advise(memory, bytes, Advice);
        }
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(void* memory, nuint bytes, int advice);
}
