namespace Halo.Planning.Assignment;

/// <summary>How many groups of each kind each board holds in every layer.</summary>
/// <param name="Quotas">By kind, then by board.</param>
/// <param name="Value">What was minimised; see <see cref="QuotaProblem"/>.</param>
internal sealed record QuotaPlan(int[][] Quotas, double Value);
