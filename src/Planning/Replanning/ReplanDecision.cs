using Halo.Planning.Assignment;

namespace Halo.Planning.Replanning;

/// <summary>What came of one look at the boards.</summary>
/// <param name="Plan">The plan to carry out now, one version on; null to stay with the current one.</param>
/// <param name="Looks">Looks in a row that asked for another plan, to be given to the next look.</param>
/// <param name="Gain">Share of the objective that another plan would gain now; 0 where nothing asked for one.</param>
/// <param name="MovedGroups">Groups that it would move, over all layers.</param>
public sealed record ReplanDecision(Plan? Plan, int Looks, double Gain, int MovedGroups)
{
    /// <summary>Nothing asks for another plan.</summary>
    public static ReplanDecision Stay { get; } = new(null, 0, 0, 0);
}
