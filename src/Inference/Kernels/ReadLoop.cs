using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Halo.Inference.Kernels;

/// <summary>Reads memory with the widest loads that this processor has and does nothing with it: the limit that kernels are compared with.</summary>
public static unsafe class ReadLoop
{
    /// <summary>A number that depends on all of the memory, so that no read can be left out.</summary>
    /// <param name="data">First byte.</param>
    /// <param name="bytes">How many; a rest below 256 may stay unread.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static ulong Read(byte* data, long bytes)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            return Read512(data, bytes);
        }

        return Vector256.IsHardwareAccelerated ? Read256(data, bytes) : Read128(data, bytes);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static ulong Read512(byte* data, long bytes)
    {
        Vector512<ulong> a = Vector512<ulong>.Zero;
        Vector512<ulong> b = a;
        Vector512<ulong> c = a;
        Vector512<ulong> d = a;
        for (byte* end = data + bytes - 256; data <= end; data += 256)
        {
            a ^= Vector512.Load((ulong*)data);
            b ^= Vector512.Load((ulong*)(data + 64));
            c ^= Vector512.Load((ulong*)(data + 128));
            d ^= Vector512.Load((ulong*)(data + 192));
        }

        return Vector512.Sum(a ^ b ^ c ^ d);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static ulong Read256(byte* data, long bytes)
    {
        Vector256<ulong> a = Vector256<ulong>.Zero;
        Vector256<ulong> b = a;
        Vector256<ulong> c = a;
        Vector256<ulong> d = a;
        for (byte* end = data + bytes - 128; data <= end; data += 128)
        {
            a ^= Vector256.Load((ulong*)data);
            b ^= Vector256.Load((ulong*)(data + 32));
            c ^= Vector256.Load((ulong*)(data + 64));
            d ^= Vector256.Load((ulong*)(data + 96));
        }

        return Vector256.Sum(a ^ b ^ c ^ d);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static ulong Read128(byte* data, long bytes)
    {
        Vector128<ulong> a = Vector128<ulong>.Zero;
        Vector128<ulong> b = a;
        Vector128<ulong> c = a;
        Vector128<ulong> d = a;
        for (byte* end = data + bytes - 64; data <= end; data += 64)
        {
            a ^= Vector128.Load((ulong*)data);
            b ^= Vector128.Load((ulong*)(data + 16));
            c ^= Vector128.Load((ulong*)(data + 32));
            d ^= Vector128.Load((ulong*)(data + 48));
        }

        return Vector128.Sum(a ^ b ^ c ^ d);
    }
}
