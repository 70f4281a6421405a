using System.Runtime.InteropServices;

namespace Halo.Inference.Tests.Memory;

/// <summary>Bytes that end exactly where an unreadable page begins, so that reading one too many ends the process. Linux only; plain memory elsewhere.</summary>
internal sealed unsafe partial class GuardedMemory : IDisposable
{
    private const int ProtNone = 0;
    private const int ProtReadWrite = 3;
    private const int MapPrivateAnonymous = 0x22;

    private readonly nint _base;
    private readonly nuint _mapped;

    public GuardedMemory(int length)
    {
        Length = length;
        if (!OperatingSystem.IsLinux())
        {
            _base = (nint)NativeMemory.Alloc((nuint)Math.Max(1, length));
            Pointer = (byte*)_base;
            return;
        }

        nuint page = (nuint)Environment.SystemPageSize;
        nuint usable = (((nuint)length + page - 1) / page) * page;
        _mapped = usable + page;
        _base = Map(0, _mapped, ProtReadWrite, MapPrivateAnonymous, -1, 0);
        if (_base == -1 || Protect(_base + (nint)usable, page, ProtNone) != 0)
        {
            throw new InvalidOperationException($"mmap or mprotect failed: {Marshal.GetLastPInvokeError()}.");
        }

        Pointer = (byte*)_base + usable - length;
    }

    public byte* Pointer { get; }

    public int Length { get; }

    public Span<byte> Span => new(Pointer, Length);

    public void Dispose()
    {
        if (_mapped == 0)
        {
            NativeMemory.Free((void*)_base);
        }
        else
        {
            _ = Unmap(_base, _mapped);
        }
    }

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static partial nint Map(nint address, nuint length, int protection, int flags, int file, long offset);

    [LibraryImport("libc", EntryPoint = "mprotect", SetLastError = true)]
    private static partial int Protect(nint address, nuint length, int protection);

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    private static partial int Unmap(nint address, nuint length);
}
