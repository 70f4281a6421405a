using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace Halo.Inference.Memory;

/// <summary>Zeroed memory outside the collected heap, 64-byte aligned: one cache line, one 512-bit vector.</summary>
/// <remarks>There is no finalizer: a kernel works on the pointer, which may well outlive the last managed reference. Who makes one disposes it.</remarks>
/// <typeparam name="T">The element.</typeparam>
public sealed unsafe class AlignedBuffer<T> : IDisposable
    where T : unmanaged
{
    private const int Alignment = 64;

    private T* _pointer;

    /// <summary>Allocates <paramref name="length"/> zeroed elements; none is allowed.</summary>
    public AlignedBuffer(long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        nuint bytes = checked((nuint)length * (nuint)sizeof(T));

        // Never zero bytes, so that Pointer is a real, aligned address even when there is nothing behind it.
        nuint allocated = Math.Max(bytes, Alignment);
        bool isLarge = allocated >= HugePages.LeastBytes;
        _pointer = (T*)NativeMemory.AlignedAlloc(allocated, isLarge ? HugePages.PageBytes : Alignment);
        if (isLarge)
        {
            HugePages.Ask(_pointer, allocated);
        }

        NativeMemory.Clear(_pointer, allocated);
        Length = length;
    }

    /// <summary>Elements.</summary>
    public long Length { get; private set; }

    /// <summary>The first element; null after <see cref="Dispose"/>.</summary>
    [SuppressMessage("Naming", "CA1720:Identifier contains type name", Justification = "A pointer is what it is.")]
    public T* Pointer => _pointer;

    /// <summary>All elements, when they are few enough for a span.</summary>
    public Span<T> Span
    {
        get
        {
            if (Length > int.MaxValue)
            {
                ThrowTooLong(Length);
            }

            return new Span<T>(_pointer, (int)Length);
        }
    }

    /// <summary><paramref name="length"/> elements from <paramref name="start"/> on.</summary>
    public Span<T> Slice(long start, int length)
    {
        if (start < 0 || length < 0 || start > Length - length)
        {
            ThrowOutside(start, length, Length);
        }

        return new Span<T>(_pointer + start, length);
    }

    /// <summary>Gives the memory back; further spans are empty or refused.</summary>
    public void Dispose()
    {
        NativeMemory.AlignedFree(_pointer);
        _pointer = null;
        Length = 0;
    }

    [DoesNotReturn]
    private static void ThrowTooLong(long length) =>
        throw new InvalidOperationException($"{length} elements are too many for one span; take slices.");

    [DoesNotReturn]
    private static void ThrowOutside(long start, int length, long available) =>
        throw new ArgumentOutOfRangeException(nameof(start), $"{length} elements from {start} on are outside of {available}.");
}
