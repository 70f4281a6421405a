using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Halo.Inference.Quantization;

namespace Halo.Inference.Kernels.Panels;

/// <summary>16 rows with AVX-512BW: products of bytes in pairs, kept in 16 bits as long as they fit.</summary>
internal readonly unsafe struct Lanes512 : ILanes<Vector512<byte>, Vector512<short>, Vector512<float>>
{
    public static int Rows => 16;

    public static Vector512<short> NoSums => Vector512<short>.Zero;

    public static Vector512<float> Zero => Vector512<float>.Zero;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> LoadCodes(byte* codes) => Vector512.Load(codes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> LowNibbles(Vector512<byte> packed) => packed & Vector512.Create((byte)15);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> HighNibbles(Vector512<byte> packed) => (packed.AsUInt16() >>> 4).AsByte() & Vector512.Create((byte)15);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> AddBits(Vector512<byte> codes, Vector512<byte> bits, int shift, byte mask)
    {
        Vector512<ushort> moved = shift >= 0 ? bits.AsUInt16() << shift : bits.AsUInt16() >>> -shift;
        return codes | (moved.AsByte() & Vector512.Create(mask));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<short> AddProducts(Vector512<short> sums, Vector512<byte> codes, sbyte* x) =>
        sums + Avx512BW.MultiplyAddAdjacent(codes, Vector512.Create(*(int*)x).AsSByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Total(Vector512<short> a, Vector512<short> b, bool together) => Vector512.ConvertToSingle(
        together ? AddPairs(a + b) : AddPairs(a) + AddPairs(b));

    public static Vector512<float> SignedProducts(in Quad<Vector512<byte>> first, in Quad<Vector512<byte>> second, sbyte* x) =>
        throw new NotSupportedException("There is no instruction for signed bytes in 512 bits: take 256.");

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Create(float value) => Vector512.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> LoadHalves(byte* halves) => HalfBits.ToSingle(Avx512F.ConvertToVector512Int32(Vector256.Load((short*)halves)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> LoadUnsigned(byte* bytes) => Vector512.ConvertToSingle(Avx512F.ConvertToVector512Int32(Vector128.Load(bytes)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> LoadSigned(byte* bytes) => Vector512.ConvertToSingle(Avx512F.ConvertToVector512Int32(Vector128.Load((sbyte*)bytes)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Multiply(Vector512<float> a, Vector512<float> b) => a * b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> MultiplyAdd(Vector512<float> a, Vector512<float> b, Vector512<float> c) => Avx512F.FusedMultiplyAdd(a, b, c);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector512<float> values, float* target) => values.Store(target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> AddPairs(Vector512<short> pairs) => Avx512BW.MultiplyAddAdjacent(pairs, Vector512<short>.One);
}
