using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Halo.Inference.Quantization;

/// <summary>f16 to f32 by integer moves: the conversion of <see cref="Half"/> is a slow software routine in .NET 10.</summary>
/// <remarks>
/// The 15 lower bits of the half land on the f32 exponent and mantissa; the value is then 2^-112 of the right one, because the
/// exponent biases are 15 and 127. One multiplication repairs that, exactly, for subnormal halves too. Infinities and NaN become
/// finite numbers near 65,536 and up, which no sound weight file holds.
/// </remarks>
internal static class HalfBits
{
    // Sign, 5 exponent bits and 10 mantissa bits after sign extension and a shift by 13.
    internal const uint Mask = 0x8FFF_E000;

    // Bits to move a half's mantissa up to that of an f32.
    internal const int Shift = 13;

    // 2^112, from the exponent biases: 127 - 15.
    private const float Rescale = 5.192296858534828e33f;

    /// <summary>The value of the half with these bits, finite ones only.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float ToSingle(ushort bits) =>
        BitConverter.UInt32BitsToSingle(((uint)(short)bits << Shift) & Mask) * Rescale;

    /// <summary>The values of 4 sign-extended halves.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> ToSingle(Vector128<int> bits) =>
        ((bits << Shift).AsUInt32() & Vector128.Create(Mask)).AsSingle() * Rescale;

    /// <summary>The values of 8 sign-extended halves.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> ToSingle(Vector256<int> bits) =>
        ((bits << Shift).AsUInt32() & Vector256.Create(Mask)).AsSingle() * Rescale;

    /// <summary>The values of 16 sign-extended halves.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> ToSingle(Vector512<int> bits) =>
        ((bits << Shift).AsUInt32() & Vector512.Create(Mask)).AsSingle() * Rescale;
}
