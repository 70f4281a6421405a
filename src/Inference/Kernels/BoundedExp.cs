using System.Runtime.CompilerServices;

namespace Halo.Inference.Kernels;

/// <summary>exp(x) for x up to 88, in f32: a relative error of at most 2e-7. Below -87, where the result would be subnormal, it is 0; NaN stays NaN.</summary>
/// <remarks>exp(x) = 2^n * exp(r) with whole n = round(x / ln 2) and |r| at most ln 2 / 2: there the Taylor polynomial of degree 7 errs by less than 1e-8.</remarks>
internal static class BoundedExp
{
    private const float Lowest = -87;
    private const float PerLogTwo = 1.44269504f;   // 1 / ln 2
    private const float LogTwoHigh = 0.693359375f; // 355 / 512: its products with whole numbers up to 2^15 are exact
    private const float LogTwoLow = -2.12194440e-4f;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Of<TLanes, TVector>(TVector x)
        where TLanes : struct, IFloatLanes<TVector>
        where TVector : struct
    {
        TVector n = TLanes.Round(TLanes.Multiply(x, TLanes.Create(PerLogTwo)));
        TVector r = TLanes.MultiplyAdd(n, TLanes.Create(-LogTwoHigh), x);
        r = TLanes.MultiplyAdd(n, TLanes.Create(-LogTwoLow), r);
        TVector sum = TLanes.Create(1f / 5040);
        sum = TLanes.MultiplyAdd(sum, r, TLanes.Create(1f / 720));
        sum = TLanes.MultiplyAdd(sum, r, TLanes.Create(1f / 120));
        sum = TLanes.MultiplyAdd(sum, r, TLanes.Create(1f / 24));
        sum = TLanes.MultiplyAdd(sum, r, TLanes.Create(1f / 6));
        sum = TLanes.MultiplyAdd(sum, r, TLanes.Create(0.5f));
        sum = TLanes.MultiplyAdd(sum, r, TLanes.Create(1));
        sum = TLanes.MultiplyAdd(sum, r, TLanes.Create(1));
        return TLanes.ZeroBelow(x, Lowest, TLanes.Multiply(sum, TLanes.PowerOfTwo(n)));
    }
}
