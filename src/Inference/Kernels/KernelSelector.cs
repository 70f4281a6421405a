using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Halo.Inference.Kernels;

/// <summary>Picks the kernel tier once, at first use: the first supported one, or the one that <c>HALO_KERNEL</c> names.</summary>
public static class KernelSelector
{
    private const string Variable = "HALO_KERNEL";

    /// <summary>The tier of this process.</summary>
    internal static KernelTier Tier { get; } = Pick(Environment.GetEnvironmentVariable(Variable));

    /// <summary>The choice and its reason, for the log.</summary>
    public static string Description { get; } = Describe(Tier, Environment.GetEnvironmentVariable(Variable));

    /// <summary>Whether this processor has the instructions of <paramref name="tier"/>.</summary>
    internal static bool IsSupported(KernelTier tier) => tier switch
    {
        KernelTier.Avx512 => Vector512.IsHardwareAccelerated && Avx512BW.IsSupported && IsSupported(KernelTier.Avx2),
        KernelTier.Avx2 => Avx2.IsSupported && Fma.IsSupported,
        KernelTier.Vector128 => Vector128.IsHardwareAccelerated && Dot4.IsSupported,
        _ => true,
    };

    /// <summary>The tier named <paramref name="forced"/>, or the best when it is null or empty.</summary>
    /// <exception cref="InvalidOperationException">No such tier, or not on this processor.</exception>
    internal static KernelTier Pick(string? forced)
    {
        KernelTier[] supported = [.. Enum.GetValues<KernelTier>().Where(IsSupported)];
        if (string.IsNullOrEmpty(forced))
        {
            return supported[0];
        }

        foreach (KernelTier tier in supported)
        {
            if (forced.Equals(tier.ToString(), StringComparison.OrdinalIgnoreCase))
            {
                return tier;
            }
        }

        throw new InvalidOperationException($"{Variable}={forced} is none of the kernels of this processor: {Names(supported)}.");
    }

    private static string Describe(KernelTier tier, string? forced)
    {
        string reason = string.IsNullOrEmpty(forced) ? "the widest that this processor has" : $"forced by {Variable}";
        return $"{Names([tier])} kernels, {reason}";
    }

    private static string Names(KernelTier[] tiers) => string.Join(", ", tiers.Select(tier => tier.ToString().ToLowerInvariant()));
}
