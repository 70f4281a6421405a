using System.Numerics;

namespace Halo.Inference.Model.Streaming;

/// <summary>A sum over bytes that costs no more than reading them: tells a piece that has changed since its SHA-256 was compared.</summary>
internal static unsafe class PieceSum
{
    /// <summary>The sum; bytes that change, or change places, change it.</summary>
    internal static ulong Of(byte* data, long bytes)
    {
        Vector<ulong> sum = Vector<ulong>.Zero;
        Vector<ulong> sums = Vector<ulong>.Zero;
        long at = 0;
        for (; at <= bytes - Vector<byte>.Count; at += Vector<byte>.Count)
        {
            sum += *(Vector<ulong>*)(data + at);
            sums += sum;
        }

        ulong total = 0;
        for (int lane = 0; lane < Vector<ulong>.Count; lane++)
        {
            total = (total * 31) + sum[lane];
            total = (total * 31) + sums[lane];
        }

        for (; at < bytes; at++)
        {
            total = (total * 31) + data[at];
        }

        return total;
    }
}
