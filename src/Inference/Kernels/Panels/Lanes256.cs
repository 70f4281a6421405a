using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Halo.Inference.Quantization;

namespace Halo.Inference.Kernels.Panels;

/// <summary>8 rows with AVX2 and FMA: products of bytes in pairs, kept in 16 bits as long as they fit.</summary>
internal readonly unsafe struct Lanes256 : ILanes<Vector256<byte>, Vector256<short>, Vector256<float>>
{
    public static int Rows => 8;

    public static Vector256<short> NoSums => Vector256<short>.Zero;

    public static Vector256<float> Zero => Vector256<float>.Zero;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> LoadCodes(byte* codes) => Vector256.Load(codes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> LowNibbles(Vector256<byte> packed) => packed & Vector256.Create((byte)15);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> HighNibbles(Vector256<byte> packed) => (packed.AsUInt16() >>> 4).AsByte() & Vector256.Create((byte)15);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> AddBits(Vector256<byte> codes, Vector256<byte> bits, int shift, byte mask)
    {
        Vector256<ushort> moved = shift >= 0 ? bits.AsUInt16() << shift : bits.AsUInt16() >>> -shift;
        return codes | (moved.AsByte() & Vector256.Create(mask));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<short> AddProducts(Vector256<short> sums, Vector256<byte> codes, sbyte* x) =>
        sums + Avx2.MultiplyAddAdjacent(codes, Vector256.Create(*(int*)x).AsSByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Total(Vector256<short> a, Vector256<short> b, bool together) => Vector256.ConvertToSingle(
        together ? AddPairs(a + b) : AddPairs(a) + AddPairs(b));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> SignedProducts(in Quad<Vector256<byte>> first, in Quad<Vector256<byte>> second, sbyte* x)
    {
        Vector256<int> low = SignedProducts(first.A, x) + SignedProducts(first.B, x + 4) + (SignedProducts(first.C, x + 8) + SignedProducts(first.D, x + 12));
        x += 16;
        Vector256<int> high = SignedProducts(second.A, x) + SignedProducts(second.B, x + 4) + (SignedProducts(second.C, x + 8) + SignedProducts(second.D, x + 12));
        return Vector256.ConvertToSingle(low + high);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Create(float value) => Vector256.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> LoadHalves(byte* halves) => HalfBits.ToSingle(Avx2.ConvertToVector256Int32((short*)halves));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> LoadUnsigned(byte* bytes) => Vector256.ConvertToSingle(Avx2.ConvertToVector256Int32(bytes));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> LoadSigned(byte* bytes) => Vector256.ConvertToSingle(Avx2.ConvertToVector256Int32((sbyte*)bytes));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Multiply(Vector256<float> a, Vector256<float> b) => a * b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> MultiplyAdd(Vector256<float> a, Vector256<float> b, Vector256<float> c) => Fma.MultiplyAdd(a, b, c);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector256<float> values, float* target) => values.Store(target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> AddPairs(Vector256<short> pairs) => Avx2.MultiplyAddAdjacent(pairs, Vector256<short>.One);

    // maddubs wants unsigned times signed: |w| and x with the sign of w. |-128| = 128 is fine unsigned, x is never -128, and a pair of products
    // is at most 2 * 128 * 127 = 32,512: a signed 16-bit lane holds it, but not two of them.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> SignedProducts(Vector256<byte> codes, sbyte* x)
    {
        Vector256<sbyte> signed = Avx2.Sign(Vector256.Create(*(int*)x).AsSByte(), codes.AsSByte());
        return AddPairs(Avx2.MultiplyAddAdjacent(Avx2.Abs(codes.AsSByte()), signed));
    }
}
