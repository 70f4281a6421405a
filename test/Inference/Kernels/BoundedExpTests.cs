using System.Runtime.Intrinsics;
using Halo.Inference.Kernels;

namespace Halo.Inference.Tests.Kernels;

public sealed class BoundedExpTests
{
    public static TheoryData<string> Tiers() => [.. Enum.GetValues<KernelTier>().Where(KernelSelector.IsSupported).Select(tier => tier.ToString())];

    [Theory]
    [MemberData(nameof(Tiers))]
    public void Of_OverItsRange_IsNearTheOracle(string tier)
    {
        Func<float, float> exp = KernelCases.Tier(tier) switch
        {
            KernelTier.Avx512 => x => FloatLanes512.Largest(BoundedExp.Of<FloatLanes512, Vector512<float>>(FloatLanes512.Create(x))),
            KernelTier.AvxVnni or KernelTier.Avx2 => x => FloatLanes256.Largest(BoundedExp.Of<FloatLanes256, Vector256<float>>(FloatLanes256.Create(x))),
            KernelTier.Vector128 => x => FloatLanes128.Largest(BoundedExp.Of<FloatLanes128, Vector128<float>>(FloatLanes128.Create(x))),
            _ => BoundedExp.Of<FloatLanesScalar, float>,
        };
        for (float x = -87; x <= 0; x += 0.003f)
        {
            Assert.InRange(exp(x) / Math.Exp(x), 1 - 2e-7, 1 + 2e-7);
        }

        Assert.Equal((1f, 0f, 0f), (exp(0), exp(-88), exp(float.NegativeInfinity)));
        Assert.True(float.IsNaN(exp(float.NaN)));
    }
}
