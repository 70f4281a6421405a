using Halo.Inference.Kernels;

namespace Halo.Inference.Tests.Kernels;

public sealed class KernelSelectorTests
{
    [Fact]
    public void Pick_NothingForced_IsTheWidestSupported()
    {
        KernelTier best = Enum.GetValues<KernelTier>().First(KernelSelector.IsSupported);

        Assert.Equal(best, KernelSelector.Pick(null));
        Assert.Equal(best, KernelSelector.Pick(""));
    }

    [Fact]
    public void Pick_SupportedName_IsThatTier()
    {
        Assert.Equal(KernelTier.Scalar, KernelSelector.Pick("scalar"));
        Assert.Equal(KernelTier.Scalar, KernelSelector.Pick("SCALAR"));
    }

    [Theory]
    [InlineData("sse9")]
    [InlineData("0")] // a number would parse as an enum value
    public void Pick_UnknownName_ThrowsWithTheValidOnes(string name)
    {
        InvalidOperationException fault = Assert.Throws<InvalidOperationException>(() => KernelSelector.Pick(name));

        Assert.Contains($"HALO_KERNEL={name}", fault.Message, StringComparison.Ordinal);
        Assert.Contains("scalar", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Description_Always_NamesTheTier() =>
        Assert.Contains(KernelSelector.Tier.ToString(), KernelSelector.Description, StringComparison.OrdinalIgnoreCase);
}
