using System.Numerics;
using System.Runtime.CompilerServices;

namespace Halo.Inference.Kernels;

/// <summary>Reductions over f32 in vectors of the processor's width, in an order that only the length decides.</summary>
/// <remarks>
/// The reductions of TensorPrimitives start with the elements before the next aligned address, so that the same numbers elsewhere in
/// memory can give another last bit. They are used here for element-wise steps and for the maximum, where order does not matter.
/// </remarks>
internal static unsafe class VectorLoops
{
    /// <summary>sum over i of a[i] * b[i], i below <paramref name="length"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float Dot(float* a, float* b, int length)
    {
        int lanes = Vector<float>.Count;
        Vector<float> even = Vector<float>.Zero;
        Vector<float> odd = Vector<float>.Zero;
        int i = 0;
        for (; i + (2 * lanes) <= length; i += 2 * lanes)
        {
            even = Vector.MultiplyAddEstimate(Vector.Load(a + i), Vector.Load(b + i), even);
            odd = Vector.MultiplyAddEstimate(Vector.Load(a + i + lanes), Vector.Load(b + i + lanes), odd);
        }

        if (i + lanes <= length)
        {
            even = Vector.MultiplyAddEstimate(Vector.Load(a + i), Vector.Load(b + i), even);
            i += lanes;
        }

        float sum = Vector.Sum(even + odd);
        for (; i < length; i++)
        {
            sum += a[i] * b[i];
        }

        return sum;
    }

    /// <summary>sum over i of x[i]².</summary>
    public static float SumOfSquares(ReadOnlySpan<float> x)
    {
        fixed (float* pointer = x)
        {
            return Dot(pointer, pointer, x.Length);
        }
    }

    /// <summary>sum over i of x[i].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float Sum(ReadOnlySpan<float> x)
    {
        int lanes = Vector<float>.Count;
        Vector<float> sums = Vector<float>.Zero;
        int i = 0;
        for (; i + lanes <= x.Length; i += lanes)
        {
            sums += new Vector<float>(x[i..]);
        }

        float sum = Vector.Sum(sums);
        for (; i < x.Length; i++)
        {
            sum += x[i];
        }

        return sum;
    }
}
