using Halo.Inference.Kernels;
using Halo.Inference.Quantization;

namespace Halo.Inference.Tests.Kernels;

/// <summary>Theory data: every kernel tier that this processor has times every supported type.</summary>
public sealed class KernelCases : TheoryData<string, TensorType>
{
    public KernelCases()
    {
        foreach (KernelTier tier in Enum.GetValues<KernelTier>().Where(KernelSelector.IsSupported))
        {
            foreach (TensorType type in Enum.GetValues<TensorType>().Where(TensorTypes.IsSupported))
            {
                Add(tier.ToString(), type);
            }
        }
    }

    internal static KernelTier Tier(string name) => Enum.Parse<KernelTier>(name);
}
