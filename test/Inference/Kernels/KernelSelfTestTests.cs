using Halo.Inference.Kernels;
using Halo.Inference.Quantization;

namespace Halo.Inference.Tests.Kernels;

public sealed unsafe class KernelSelfTestTests
{
    [Theory]
    [ClassData(typeof(KernelCases))]
    public void Passes_EveryTierOfThisProcessor(string tier, TensorType type, WeightLayout layout) =>
        Assert.True(layout != WeightLayout.File || KernelSelfTest.Passes(KernelCases.Tier(tier), type));

    [Theory]
    [InlineData(WeightLayout.File)]
    [InlineData(WeightLayout.Panels)]
    public void Passes_ATierThatIsWrongInOneLayout_Not(WeightLayout layout)
    {
        Assert.False(KernelSelfTest.Passes(KernelTier.Scalar, TensorType.Q4_K, (KernelTier tier, in WeightMatrix w, Activations x, float* y) =>
        {
            MatMul.Multiply(tier, w, x, y, w.Rows, 0, w.Rows);
            if (w.Layout == layout)
            {
                (y[3], y[4]) = (y[4], y[3]);
            }
        }));
    }

    [Fact]
    public void Passes_ATierThatGivesNaN_Not() =>
        Assert.False(KernelSelfTest.Passes(KernelTier.Scalar, TensorType.Q8_0, (KernelTier tier, in WeightMatrix w, Activations x, float* y) => y[0] = float.NaN));

    [Fact]
    public void Settle_WhereTiersFail_TakesTheNextAndAtLastThePlainLoops()
    {
        KernelTier best = KernelSelector.Pick(null);
        Assert.Equal(best, KernelSelector.Settle(best, _ => true));
        Assert.Equal(KernelTier.Scalar, KernelSelector.Settle(best, _ => false));
        KernelTier next = KernelSelector.Settle(best, tier => tier != best);
        Assert.True(next > best || best == KernelTier.Scalar, $"{next} after {best}.");
    }
}
