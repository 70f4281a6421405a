using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Halo.Inference.Quantization;

namespace Halo.Inference.Kernels.Panels;

/// <summary>4 rows in 128 bits, on any processor that has <see cref="Dot4"/>.</summary>
internal readonly unsafe struct Lanes128 : ILanes<Vector128<byte>, Vector128<int>, Vector128<float>>
{
    public static int Rows => 4;

    public static Vector128<int> NoSums => Vector128<int>.Zero;

    public static Vector128<float> Zero => Vector128<float>.Zero;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> LoadCodes(byte* codes) => Vector128.Load(codes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> LowNibbles(Vector128<byte> packed) => packed & Vector128.Create((byte)15);

    // Shifted as 16-bit lanes and masked: there is no shift of bytes on x64, and its emulation can be very slow.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> HighNibbles(Vector128<byte> packed) => (packed.AsUInt16() >>> 4).AsByte() & Vector128.Create((byte)15);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> AddBits(Vector128<byte> codes, Vector128<byte> bits, int shift, byte mask)
    {
        Vector128<ushort> moved = shift >= 0 ? bits.AsUInt16() << shift : bits.AsUInt16() >>> -shift;
        return codes | (moved.AsByte() & Vector128.Create(mask));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> AddProducts(Vector128<int> sums, Vector128<byte> codes, sbyte* x) =>
        Dot4.Add(sums, codes.AsSByte(), Vector128.Create(*(int*)x).AsSByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Total(Vector128<int> a, Vector128<int> b, bool together) => Vector128.ConvertToSingle(a + b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> SignedProducts(in Quad<Vector128<byte>> first, in Quad<Vector128<byte>> second, sbyte* x)
    {
        Vector128<int> low = AddProducts(AddProducts(AddProducts(AddProducts(NoSums, first.A, x), first.B, x + 4), first.C, x + 8), first.D, x + 12);
        x += 16;
        Vector128<int> high = AddProducts(AddProducts(AddProducts(AddProducts(NoSums, second.A, x), second.B, x + 4), second.C, x + 8), second.D, x + 12);
        return Vector128.ConvertToSingle(low + high);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Create(float value) => Vector128.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> LoadHalves(byte* halves) =>
        HalfBits.ToSingle(Vector128.WidenLower(Vector128.CreateScalarUnsafe(Unsafe.ReadUnaligned<ulong>(halves)).AsInt16()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> LoadUnsigned(byte* bytes) => Vector128.ConvertToSingle(
        Vector128.WidenLower(Vector128.WidenLower(Vector128.CreateScalarUnsafe(Unsafe.ReadUnaligned<uint>(bytes)).AsByte())).AsInt32());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> LoadSigned(byte* bytes) => Vector128.ConvertToSingle(
        Vector128.WidenLower(Vector128.WidenLower(Vector128.CreateScalarUnsafe(Unsafe.ReadUnaligned<uint>(bytes)).AsSByte())));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Multiply(Vector128<float> a, Vector128<float> b) => a * b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> MultiplyAdd(Vector128<float> a, Vector128<float> b, Vector128<float> c) => (a * b) + c;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector128<float> values, float* target) => values.Store(target);
}
