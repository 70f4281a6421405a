using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Halo.Inference.Kernels;

/// <summary>The one instruction-set dependent step of the 128-bit block kernels: 16 products of int8, added up by fours.</summary>
internal static class Dot4
{
    /// <summary>Whether this processor has one of the three ways.</summary>
    public static bool IsSupported => Ssse3.IsSupported || AdvSimd.Arm64.IsSupported;

    /// <summary>sums[i] + products of bytes 4i to 4i + 3 of w and x.</summary>
    /// <param name="sums">4 running sums.</param>
    /// <param name="w">16 weights, -128..127.</param>
    /// <param name="x">16 activations, -127..127.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Add(Vector128<int> sums, Vector128<sbyte> w, Vector128<sbyte> x)
    {
        if (Dp.IsSupported)
        {
            return Dp.DotProduct(sums, w, x);
        }

        if (AdvSimd.Arm64.IsSupported)
        {
            // Two products of at most 128 * 127 = 16,256 make 32,512: a signed 16-bit lane holds them.
            Vector128<short> lower = AdvSimd.MultiplyWideningLower(w.GetLower(), x.GetLower());
            Vector128<short> upper = AdvSimd.MultiplyWideningUpper(w, x);
            return AdvSimd.AddPairwiseWideningAndAdd(sums, AdvSimd.Arm64.AddPairwise(lower, upper));
        }

        // maddubs wants unsigned times signed: |w| and x with the sign of w. |-128| = 128 is fine unsigned; pairs as above.
        Vector128<short> pairs = Ssse3.MultiplyAddAdjacent(Ssse3.Abs(w), Ssse3.Sign(x, w));
        return sums + Sse2.MultiplyAddAdjacent(pairs, Vector128<short>.One);
    }
}
