using Halo.Grains;

namespace Halo.Cli.Lab.Loss;

/// <summary>What all boards together count on their links, by name: the names of columns, and of fields of the report.</summary>
internal static class LinkCounts
{
    private static readonly (string Name, Func<LinkReport, long> Count)[] s_all =
    [
        ("resent", link => link.ResentChunks),
        ("copied", link => link.CopiedChunks),
        ("relayed", link => link.CarriedChunks),
        ("recovered", link => link.RecoveredChunks),
        ("filled", link => link.FilledChunks),
        ("used late", link => link.UsedChunks),
        ("duplicate", link => link.DuplicateChunks),
    ];

    /// <summary>All names.</summary>
    internal static IReadOnlyList<string> Names { get; } = [.. s_all.Select(count => count.Name)];

    /// <summary>The counts so far of links together; null where nothing measures them, as with streams.</summary>
    internal static Dictionary<string, long>? Of(IReadOnlyCollection<LinkReport> links) =>
        links.Count == 0 ? null : s_all.ToDictionary(count => count.Name, count => links.Sum(count.Count));

    /// <summary>What came about between, for each token.</summary>
    /// <param name="before">The counts before.</param>
    /// <param name="after">The counts after.</param>
    /// <param name="tokens">Tokens between.</param>
    /// <returns>By name; null where one is not known, or the boards were joined anew between, which begins counts from 0.</returns>
    internal static Dictionary<string, double>? PerToken(Dictionary<string, long>? before, Dictionary<string, long>? after, int tokens) =>
        before is null || after is null || before.Any(count => after[count.Key] < count.Value)
            ? null
            : before.ToDictionary(count => count.Key, count => (double)(after[count.Key] - count.Value) / tokens);
}
