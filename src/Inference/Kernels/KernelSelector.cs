using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Halo.Inference.Kernels;

/// <summary>Picks the kernel tier once, at first use: the first supported one, or the one that <c>HALO_KERNEL</c> names.</summary>
public static class KernelSelector
{
    private const string Variable = "HALO_KERNEL";

    private static readonly string? s_forced = Environment.GetEnvironmentVariable(Variable);

    // Null when the forced name is wrong. Kept instead of thrown here: out of a static initialiser it would come wrapped, its text hidden.
    private static readonly KernelTier? s_tier = Find(s_forced);

    /// <summary>The choice and its reason, for the log.</summary>
    /// <exception cref="InvalidOperationException"><c>HALO_KERNEL</c> names no tier of this processor.</exception>
    public static string Description
    {
        get
        {
            string reason = string.IsNullOrEmpty(s_forced) ? "the widest that this processor has" : $"forced by {Variable}";
            return $"{Name(Tier)} kernels, {reason}";
        }
    }

    /// <summary>The tier of this process.</summary>
    /// <exception cref="InvalidOperationException"><c>HALO_KERNEL</c> names no tier of this processor.</exception>
    internal static KernelTier Tier => s_tier ?? Pick(s_forced);

    /// <summary>Whether this processor has the instructions of <paramref name="tier"/>.</summary>
    internal static bool IsSupported(KernelTier tier) => tier switch
    {
        KernelTier.Avx512 => Vector512.IsHardwareAccelerated && Avx512BW.IsSupported && IsSupported(KernelTier.Avx2),
        KernelTier.AvxVnni => AvxVnni.IsSupported && IsSupported(KernelTier.Avx2),
        KernelTier.Avx2 => Avx2.IsSupported && Fma.IsSupported,
        KernelTier.Vector128 => Vector128.IsHardwareAccelerated && Dot4.IsSupported,
        _ => true,
    };

    /// <summary>The tier named <paramref name="forced"/>, or the best when it is null or empty.</summary>
    /// <exception cref="InvalidOperationException">No such tier, or not on this processor.</exception>
    internal static KernelTier Pick(string? forced) =>
        Find(forced) ?? throw new InvalidOperationException(
            $"{Variable}={forced} is none of the kernels of this processor: {string.Join(", ", Supported().Select(Name))}.");

    private static KernelTier? Find(string? forced)
    {
        foreach (KernelTier tier in Supported())
        {
            if (string.IsNullOrEmpty(forced) || forced.Equals(Name(tier), StringComparison.OrdinalIgnoreCase))
            {
                return tier;
            }
        }

        return null;
    }

    private static IEnumerable<KernelTier> Supported() => Enum.GetValues<KernelTier>().Where(IsSupported);

    private static string Name(KernelTier tier) => tier.ToString().ToLowerInvariant();
}
