using System.Runtime.CompilerServices;

namespace Halo.Inference.Quantization;

/// <summary>f16 to f32 by integer moves: the conversion of <see cref="Half"/> is a slow software routine in .NET 10.</summary>
/// <remarks>
/// The 15 lower bits of the half land on the f32 exponent and mantissa; the value is then 2^-112 of the right one, because the
/// exponent biases are 15 and 127. One multiplication repairs that, exactly, for subnormal halves too. Infinities and NaN become
/// finite numbers near 65,536 and up, which no sound weight file holds.
/// </remarks>
internal static class HalfBits
{
    /// <summary>Sign, 5 exponent bits and 10 mantissa bits after sign extension and a shift by 13.</summary>
    public const uint Mask = 0x8FFF_E000;

    /// <summary>Bits to move a half's mantissa up to that of an f32.</summary>
    public const int Shift = 13;

    /// <summary>2^112, from the exponent biases: 127 - 15.</summary>
    public const float Rescale = 5.192296858534828e33f;

    /// <summary>The value of the half with these bits, finite ones only.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float ToSingle(ushort bits) =>
        BitConverter.UInt32BitsToSingle(((uint)(short)bits << Shift) & Mask) * Rescale;
}
