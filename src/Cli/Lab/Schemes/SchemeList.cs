using Halo.Cli.Lab.Loss;

namespace Halo.Cli.Lab.Schemes;

/// <summary>The schemes that <c>halo lab halo</c> knows.</summary>
internal static class SchemeList
{
    private static readonly Scheme[] s_all =
    [
        new("tcp", LossPolicy.Tcp, []),
        new("tcp-low-rto", LossPolicy.TcpLowRto, []),
        new("strict", LossPolicy.Strict, []),
        new("protected", LossPolicy.Protected, []),
        new("relaxed", LossPolicy.Relaxed, []),
        new("relaxed-even", LossPolicy.Relaxed, ["--placement", "even"]),
        new("relaxed-random", LossPolicy.Relaxed, ["--placement", "random"]),
        new("relaxed-no-critical", LossPolicy.Relaxed, ["--placement", "even", "--critical-stages", "none"]),
    ];

    /// <summary>Their names.</summary>
    internal static IReadOnlyList<string> Names { get; } = [.. s_all.Select(scheme => scheme.Name)];

    /// <summary>The scheme of a name.</summary>
    internal static Scheme Of(string name) => s_all.First(scheme => scheme.Name == name);
}
