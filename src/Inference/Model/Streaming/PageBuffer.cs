using System.Runtime.InteropServices;

namespace Halo.Inference.Model.Streaming;

/// <summary>Memory outside the collected heap that begins on a page, as direct reads need it. It is not cleared, and so not touched.</summary>
/// <remarks>
/// Given back it is the system's at once, where a heap might keep it: what a board may take is bounded. There is no finalizer: who makes one
/// disposes it.
/// </remarks>
internal sealed unsafe class PageBuffer : IDisposable
{
    /// <summary>Bytes of a page, and of the blocks of storage devices.</summary>
    internal const int PageBytes = 4096;

    private byte* _pointer;

    /// <param name="bytes">Bytes; rounded up to whole pages.</param>
    internal PageBuffer(long bytes)
    {
        Length = WholePages(bytes);
        _pointer = LinuxFiles.IsHere ? LinuxFiles.MapMemory(Length) : (byte*)NativeMemory.AlignedAlloc((nuint)Length, PageBytes);
    }

    /// <summary>The first byte; null after <see cref="Dispose"/>.</summary>
    internal byte* Pointer => _pointer;

    /// <summary>Bytes, whole pages.</summary>
    internal long Length { get; }

    /// <summary>Bytes of the pages that some bytes take, at least one page.</summary>
    internal static long WholePages(long bytes) => Math.Max(1, (bytes + PageBytes - 1) / PageBytes) * PageBytes;

    public void Dispose()
    {
        byte* pointer = _pointer;
        _pointer = null;
        if (!LinuxFiles.IsHere)
        {
            NativeMemory.AlignedFree(pointer);
        }
        else if (pointer is not null)
        {
            LinuxFiles.UnmapMemory(pointer, Length);
        }
    }
}
