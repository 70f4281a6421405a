using Halo.Planning.Assignment;

namespace Halo.Planning.Timing;

/// <summary>Which boards a relaxed stage always waits for.</summary>
internal static class CriticalBoards
{
    /// <summary>The head board, then the others in the plan's order.</summary>
    internal static HashSet<string> Of(Plan plan, int count) =>
        [.. plan.Boards.Where(board => board != plan.HeadBoard).Prepend(plan.HeadBoard).Take(count)];
}
