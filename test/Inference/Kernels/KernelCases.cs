using Halo.Inference.Kernels;
using Halo.Inference.Kernels.Panels;
using Halo.Inference.Quantization;

namespace Halo.Inference.Tests.Kernels;

/// <summary>Theory data: every kernel tier that this processor has times every supported type in every layout that it has.</summary>
public sealed class KernelCases : TheoryData<string, TensorType, WeightLayout>
{
    public KernelCases()
    {
        foreach (KernelTier tier in Enum.GetValues<KernelTier>().Where(KernelSelector.IsSupported))
        {
            foreach (TensorType type in Enum.GetValues<TensorType>().Where(TensorTypes.IsSupported))
            {
                Add(tier.ToString(), type, WeightLayout.File);
                if (PanelLayout.Has(type))
                {
                    Add(tier.ToString(), type, WeightLayout.Panels);
                }
            }
        }
    }

    internal static KernelTier Tier(string name) => Enum.Parse<KernelTier>(name);
}
