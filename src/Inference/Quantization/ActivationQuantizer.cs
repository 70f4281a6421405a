using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Halo.Inference.Kernels;

namespace Halo.Inference.Quantization;

/// <summary>f32 activations to int8 blocks of 32: x[i] is about d * q[i], with d = max |x| / 127 kept in f32.</summary>
/// <remarks>
/// q is in -127..127 and never -128: the maddubs kernels put the weight's sign on q, and -128 has no positive twin. NaN and infinity
/// come out as d = NaN or infinity, so that a poisoned activation poisons the product instead of vanishing.
/// </remarks>
internal static unsafe class ActivationQuantizer
{
    /// <summary>Columns of a block.</summary>
    public const int BlockColumns = IBlockFormat.PartColumns;

    private const int HalfColumns = BlockColumns / 2;

    // Below it the scale would be subnormal and its inverse could be infinite. Such a block counts as zero.
    private const float Smallest = 127f * 1.17549435e-38f;

    /// <summary>Quantises <paramref name="blocks"/> blocks of 32.</summary>
    /// <param name="x">(blocks * 32), f32.</param>
    /// <param name="q">(blocks * 32), int8, written.</param>
    /// <param name="scales">(blocks), f32, written.</param>
    /// <param name="marks">(blocks, <see cref="Activations.MarksPerBlock"/>), f32, written.</param>
    /// <param name="blocks">Number of blocks.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Quantize(float* x, sbyte* q, float* scales, float* marks, int blocks)
    {
        for (int b = 0; b < blocks; b++, x += BlockColumns, q += BlockColumns, marks += Activations.MarksPerBlock)
        {
            // A plain loop where there are no vectors: emulated ones are about 1,000 times slower.
            bool vectors = Vector128.IsHardwareAccelerated;
            float scale = vectors ? QuantizeVector128(x, q) : QuantizeScalar(x, q);
            int low = vectors ? SumVector128(q) : SumScalar(q);
            int high = vectors ? SumVector128(q + HalfColumns) : SumScalar(q + HalfColumns);
            scales[b] = scale;
            marks[Activations.ScaleMark] = scale;
            marks[Activations.SumMark] = scale * (low + high);
            marks[Activations.LowSumMark] = scale * low;
            marks[Activations.HighSumMark] = scale * high;
        }
    }

    private static int SumScalar(sbyte* q)
    {
        int sum = 0;
        for (int i = 0; i < HalfColumns; i++)
        {
            sum += q[i];
        }

        return sum;
    }

    // 16 times 127 fits into 16 bits.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int SumVector128(sbyte* q)
    {
        (Vector128<short> lower, Vector128<short> upper) = Vector128.Widen(Vector128.Load(q));
        return Vector128.Sum(lower + upper);
    }

    internal static float QuantizeScalar(float* x, sbyte* q)
    {
        float largest = 0;
        for (int i = 0; i < BlockColumns; i++)
        {
            largest = MathF.Max(largest, MathF.Abs(x[i])); // Max keeps a NaN
        }

        if (largest < Smallest)
        {
            new Span<sbyte>(q, BlockColumns).Clear();
            return 0;
        }

        float inverse = 127f / largest;
        for (int i = 0; i < BlockColumns; i++)
        {
            float scaled = MathF.Round(x[i] * inverse); // to nearest, ties to even, as the vector instruction
            q[i] = (sbyte)(scaled >= -127f ? MathF.Min(scaled, 127f) : -127f);
        }

        return largest / 127f;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static float QuantizeVector128(float* x, sbyte* q)
    {
        Vector128<float> most = Vector128.Abs(Vector128.Load(x));
        for (int i = 4; i < BlockColumns; i += 4)
        {
            most = Vector128.Max(most, Vector128.Abs(Vector128.Load(x + i)));
        }

        float largest = MathF.Max(MathF.Max(most[0], most[1]), MathF.Max(most[2], most[3]));
        if (largest < Smallest)
        {
            new Span<sbyte>(q, BlockColumns).Clear();
            return 0;
        }

        Vector128<float> inverse = Vector128.Create(127f / largest);
        for (int i = 0; i < BlockColumns; i += 16)
        {
            Vector128<short> low = Vector128.Narrow(Round(x + i, inverse), Round(x + i + 4, inverse));
            Vector128<short> high = Vector128.Narrow(Round(x + i + 8, inverse), Round(x + i + 12, inverse));
            Vector128.Narrow(low, high).Store(q + i);
        }

        return largest / 127f;
    }

    // 127 / largest * x is at most 127 * (1 + 2^-23), which rounds to 127: the clamp is for NaN and infinity only, where any q will do.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> Round(float* x, Vector128<float> inverse)
    {
        Vector128<int> rounded = Vector128.ConvertToInt32(Vector128.Round(Vector128.Load(x) * inverse));
        return Vector128.Max(Vector128.Min(rounded, Vector128.Create(127)), Vector128.Create(-127));
    }
}
