using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Halo.Inference.Quantization;

namespace Halo.Inference.Kernels;

/// <summary>Reads weights of one floating-point type as f32; the kernels are generic over it.</summary>
internal unsafe interface IFloatWeights
{
    /// <summary>Bytes of one weight.</summary>
    static abstract int Bytes { get; }

    /// <summary>The weight at <paramref name="w"/>.</summary>
    static abstract float Load(byte* w);

    /// <summary>4 weights from <paramref name="w"/> on, and no byte beyond them.</summary>
    static abstract Vector128<float> Load128(byte* w);

    /// <summary>8 weights; needs AVX2.</summary>
    static abstract Vector256<float> Load256(byte* w);

    /// <summary>16 weights; needs AVX-512.</summary>
    static abstract Vector512<float> Load512(byte* w);
}

/// <summary>f32 as it is.</summary>
internal readonly unsafe struct F32Weights : IFloatWeights
{
    public static int Bytes => 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Load(byte* w) => Unsafe.ReadUnaligned<float>(w);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Load128(byte* w) => Vector128.Load((float*)w);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Load256(byte* w) => Vector256.Load((float*)w);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Load512(byte* w) => Vector512.Load((float*)w);
}

/// <summary>bf16: the upper half of an f32.</summary>
internal readonly unsafe struct BF16Weights : IFloatWeights
{
    public static int Bytes => 2;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Load(byte* w) => BitConverter.UInt32BitsToSingle((uint)Unsafe.ReadUnaligned<ushort>(w) << 16);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Load128(byte* w) =>
        (Vector128.WidenLower(Vector128.CreateScalarUnsafe(Unsafe.ReadUnaligned<ulong>(w)).AsUInt16()) << 16).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Load256(byte* w) => (Avx2.ConvertToVector256Int32((ushort*)w) << 16).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Load512(byte* w) =>
        (Avx512F.ConvertToVector512Int32(Vector256.Load((ushort*)w)) << 16).AsSingle();
}

/// <summary>f16 by integer moves and one multiplication; see <see cref="HalfBits"/>.</summary>
internal readonly unsafe struct F16Weights : IFloatWeights
{
    public static int Bytes => 2;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Load(byte* w) => HalfBits.ToSingle(Unsafe.ReadUnaligned<ushort>(w));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Load128(byte* w) =>
        HalfBits.ToSingle(Vector128.WidenLower(Vector128.CreateScalarUnsafe(Unsafe.ReadUnaligned<ulong>(w)).AsInt16()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Load256(byte* w) => HalfBits.ToSingle(Avx2.ConvertToVector256Int32((short*)w));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Load512(byte* w) => HalfBits.ToSingle(Avx512F.ConvertToVector512Int32(Vector256.Load((short*)w)));
}
