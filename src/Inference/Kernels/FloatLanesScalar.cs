using System.Runtime.CompilerServices;
using Halo.Inference.Quantization;

namespace Halo.Inference.Kernels;

/// <summary>One float at a time, for processors without vectors.</summary>
internal readonly unsafe struct FloatLanesScalar : IFloatLanes<float>
{
    public static int Count => 1;

    public static float Create(float value) => value;

    public static float Load(float* p) => *p;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float LoadHalves(byte* p) =>
        BitConverter.UInt32BitsToSingle(((uint)Unsafe.ReadUnaligned<short>(p) << HalfBits.Shift) & HalfBits.Mask);

    public static float LoadBytes(byte* p) => *(sbyte*)p;

    public static void Store(float x, float* p) => *p = x;

    public static float Add(float x, float y) => x + y;

    public static float Multiply(float x, float y) => x * y;

    public static float MultiplyAdd(float x, float y, float z) => (x * y) + z; // a fused one is a software routine where it is no instruction

    public static float Max(float x, float y) => x > y ? x : y;

    public static float Round(float x) => MathF.Round(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float PowerOfTwo(float n) => BitConverter.Int32BitsToSingle(((int)n + 127) << 23);

    public static float ZeroBelow(float x, float limit, float value) => x < limit ? 0 : value;

    public static float Sum(float x) => x;

    public static float Largest(float x) => x;
}
