using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Halo.Inference.Quantization;

/// <summary>f32 to f16, to the nearest, ties to even. What is too large, infinity included, becomes the largest finite half, 65,504; NaN stays NaN.</summary>
/// <remarks>Saturating keeps the reading of halves simple: <see cref="HalfBits"/> takes infinities for numbers.</remarks>
internal static unsafe class HalfEncoder
{
    private const uint Magnitude = 0x7FFF_FFFF;
    private const uint Largest = 0x477F_E000;   // 65,504
    private const uint Infinity = 0x7F80_0000;
    private const uint Normal = 0x3880_0000;    // 2^-14, the smallest normal half
    private const uint Bias = (127 - 15) << 10; // between the exponents, at the place of a half's
    private const uint Nan = 0x7E00;
    private const int Shift = 13;               // between the mantissas

    /// <summary>halves[i] = x[i].</summary>
    internal static void Encode(ReadOnlySpan<float> x, Span<ushort> halves)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(halves.Length, x.Length, nameof(halves));
        fixed (float* from = x)
        fixed (ushort* to = halves)
        {
            int i = 0;
            if (Vector128.IsHardwareAccelerated)
            {
                for (; i + 8 <= x.Length; i += 8)
                {
                    Vector128.Narrow(Bits(Vector128.Load(from + i)), Bits(Vector128.Load(from + i + 4))).Store(to + i);
                }
            }

            for (; i < x.Length; i++)
            {
                to[i] = Encode(from[i]);
            }
        }
    }

    /// <summary>One number.</summary>
    internal static ushort Encode(float x)
    {
        uint bits = BitConverter.SingleToUInt32Bits(x);
        uint magnitude = bits & Magnitude;
        uint half = magnitude > Infinity ? Nan
            : magnitude < Normal ? BitConverter.SingleToUInt32Bits(BitConverter.UInt32BitsToSingle(magnitude) + 0.5f) - BitConverter.SingleToUInt32Bits(0.5f)
            : Round(Math.Min(magnitude, Largest));
        return (ushort)(half | ((bits ^ magnitude) >> 16));
    }

    // Half a unit of the last kept bit, less one unless that bit is odd.
    private static uint Round(uint magnitude) => ((magnitude + 0xFFF + ((magnitude >> Shift) & 1)) >> Shift) - Bias;

    // The same without branches. A subnormal half counts units of 2^-24, which is the last bit of 0.5: adding 0.5 rounds to it.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<uint> Bits(Vector128<float> x)
    {
        Vector128<uint> bits = x.AsUInt32();
        Vector128<uint> magnitude = bits & Vector128.Create(Magnitude);
        Vector128<uint> small = (magnitude.AsSingle() + Vector128.Create(0.5f)).AsUInt32() - Vector128.Create(0.5f).AsUInt32();
        Vector128<uint> kept = Vector128.Min(magnitude.AsInt32(), Vector128.Create((int)Largest)).AsUInt32();
        Vector128<uint> rounded =
            ((kept + Vector128.Create(0xFFFu) + ((kept >> Shift) & Vector128<uint>.One)) >> Shift) - Vector128.Create(Bias);
        Vector128<uint> half = Vector128.ConditionalSelect(
            Vector128.LessThan(magnitude.AsInt32(), Vector128.Create((int)Normal)).AsUInt32(), small, rounded);
        half = Vector128.ConditionalSelect(
            Vector128.GreaterThan(magnitude.AsInt32(), Vector128.Create((int)Infinity)).AsUInt32(), Vector128.Create(Nan), half);
        return half | ((bits ^ magnitude) >> 16);
    }
}
