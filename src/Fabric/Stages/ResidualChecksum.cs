using System.Runtime.InteropServices;

namespace Halo.Fabric.Stages;

/// <summary>
/// A checksum that proves that boards hold the same bits. It depends on every bit, on order and on length; it guards against faults, not
/// against somebody who wants to be believed.
/// </summary>
public static class ResidualChecksum
{
    private const ulong Multiplier = 0x9E3779B97F4A7C15;

    /// <summary>The checksum of a residual, row-major (rows, hiddenSize). Allocates nothing.</summary>
    public static ulong Of(ReadOnlySpan<float> residual)
    {
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<float, ulong>(residual);

        // Four lanes: a multiplication takes longer than the next may start after.
        (ulong a, ulong b, ulong c, ulong d) = (1, 2, 3, 4);
        int at = 0;
        for (; at <= words.Length - 4; at += 4)
        {
            a = Mix(a, words[at]);
            b = Mix(b, words[at + 1]);
            c = Mix(c, words[at + 2]);
            d = Mix(d, words[at + 3]);
        }

        for (; at < words.Length; at++)
        {
            a = Mix(a, words[at]);
        }

        if (residual.Length % 2 != 0)
        {
            a = Mix(a, BitConverter.SingleToUInt32Bits(residual[^1]));
        }

        return Mix(Mix(Mix(Mix(Mix(a, b), c), d), (ulong)residual.Length), 0);
    }

    // Both halves of the product, so that a flipped sign reaches as many bits as any other.
    private static ulong Mix(ulong sum, ulong word) => Math.BigMul(sum ^ word, Multiplier, out ulong low) ^ low;
}
