using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Halo.Inference.Quantization;

namespace Halo.Inference.Kernels;

/// <summary>
/// Picks the kernel tier once, at first use: the first supported one, or the one that <c>HALO_KERNEL</c> names. A tier that computes a model's
/// types wrongly on this processor is left for the next.
/// </summary>
public static class KernelSelector
{
    private const string Variable = "HALO_KERNEL";

    private static readonly string? s_forced = Environment.GetEnvironmentVariable(Variable);
    private static readonly Lock s_gate = new();
    private static readonly HashSet<TensorType> s_verified = [];
    private static readonly List<string> s_faults = [];

    // Null when the forced name is wrong. Kept instead of thrown here: out of a static initialiser it would come wrapped, its text hidden.
    private static KernelTier? s_tier = Find(s_forced);

    /// <summary>The choice and its reason, for the log.</summary>
    /// <exception cref="InvalidOperationException"><c>HALO_KERNEL</c> names no tier of this processor.</exception>
    public static string Description
    {
        get
        {
            string reason = string.IsNullOrEmpty(s_forced) ? "the widest that this processor has" : $"forced by {Variable}";
            lock (s_gate)
            {
                return s_faults.Count == 0
                    ? $"{Name(Tier)} kernels, {reason}"
                    : $"{Name(Tier)} kernels, because the self-test failed: {string.Join("; ", s_faults)}";
            }
        }
    }

    /// <summary>The tier of this process.</summary>
    /// <exception cref="InvalidOperationException"><c>HALO_KERNEL</c> names no tier of this processor.</exception>
    internal static KernelTier Tier => s_tier ?? Pick(s_forced);

    /// <summary>
    /// Compares the tier with plain loops for these types, those that were not compared before, and takes narrower ones until it is right. Before
    /// anything is computed with them: shards that compute meanwhile would change their tier between two stages.
    /// </summary>
    /// <param name="types">Types of a model's matrices.</param>
    /// <exception cref="InvalidOperationException"><c>HALO_KERNEL</c> names no tier of this processor.</exception>
    internal static void Verify(IEnumerable<TensorType> types)
    {
        lock (s_gate)
        {
            foreach (TensorType type in types.Where(s_verified.Add))
            {
                KernelTier tier = Tier;
                KernelTier right = Settle(tier, candidate => KernelSelfTest.Passes(candidate, type));
                if (right != tier)
                {
                    s_faults.Add($"{Name(tier)} computes {type} wrongly on this processor");
                    s_tier = right;
                }
            }
        }
    }

    /// <summary>The first supported tier from <paramref name="tier"/> on that passes; plain loops are taken as they are.</summary>
    internal static KernelTier Settle(KernelTier tier, Func<KernelTier, bool> passes) =>
        Supported().First(candidate => candidate >= tier && (candidate == KernelTier.Scalar || passes(candidate)));

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
