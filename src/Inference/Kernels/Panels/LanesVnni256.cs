using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Halo.Inference.Quantization;

namespace Halo.Inference.Kernels.Panels;

/// <summary>8 rows with AVX-VNNI: four products of bytes added to 32 bits by one instruction.</summary>
internal readonly unsafe struct LanesVnni256 : ILanes<Vector256<byte>, Vector256<int>, Vector256<float>>
{
    public static int Rows => 8;

    public static Vector256<int> NoSums => Vector256<int>.Zero;

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
    public static Vector256<int> AddProducts(Vector256<int> sums, Vector256<byte> codes, sbyte* x) =>
        AvxVnni.MultiplyWideningAndAdd(sums, codes, Vector256.Create(*(int*)x).AsSByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Total(Vector256<int> a, Vector256<int> b, bool together) => Vector256.ConvertToSingle(a + b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> SignedProducts(in Quad<Vector256<byte>> first, in Quad<Vector256<byte>> second, sbyte* x)
    {
        Vector256<int> low = AddSigned(AddSigned(AddSigned(AddSigned(NoSums, first.A, x), first.B, x + 4), first.C, x + 8), first.D, x + 12);
        x += 16;
        Vector256<int> high = AddSigned(AddSigned(AddSigned(AddSigned(NoSums, second.A, x), second.B, x + 4), second.C, x + 8), second.D, x + 12);
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

    // The instruction multiplies unsigned by signed: |w| and x with the sign of w; x is never -128.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> AddSigned(Vector256<int> sums, Vector256<byte> codes, sbyte* x) => AvxVnni.MultiplyWideningAndAdd(
        sums, Avx2.Abs(codes.AsSByte()), Avx2.Sign(Vector256.Create(*(int*)x).AsSByte(), codes.AsSByte()));
}
