namespace Halo.Fabric.Datagrams.Relaxed;

/// <summary>
/// Which sums are critical, so that stages wait for them: those of some boards, and all of some stages. And before which stages the head board's residual
/// goes to all, from which the others go on.
/// </summary>
internal sealed class CriticalSums
{
    /// <summary>Stages from one residual of the head board to the next.</summary>
    internal const int ResyncStages = RelaxedInbox.Depth;

    private const int LayerStages = 2;

    private readonly bool[] _boards;
    private readonly bool[] _stages;
    private readonly int _head;
    private readonly int _lastResync;

    /// <param name="boardCount">Boards.</param>
    /// <param name="head">The head board's place.</param>
    /// <param name="stageCount">Stages of a step.</param>
    /// <param name="criticalBoards">So many boards, counted from the head board on in the plan's order, are critical.</param>
    /// <param name="criticalStages">Stages of which all sums are critical; null for those of the first layer and the very last, where what goes wrong costs most.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such stage.</exception>
    internal CriticalSums(int boardCount, int head, int stageCount, int criticalBoards, IReadOnlyList<int>? criticalStages)
    {
        _head = head;
        _boards = [.. Enumerable.Range(0, boardCount).Select(place => Rank(place, head) < criticalBoards)];
        _stages = new bool[stageCount];
        foreach (int stage in criticalStages ?? Default(stageCount))
        {
            ArgumentOutOfRangeException.ThrowIfNegative(stage, nameof(criticalStages));
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(stage, stageCount, nameof(criticalStages));
            _stages[stage] = true;
        }

        _lastResync = LastResync();
    }

    /// <summary>Whether all boards end a step of a mesh with the same residual: nothing is missing after the head board's has come.</summary>
    internal bool EndsAlike => _stages[^1];

    /// <summary>Whether a board's sum of a stage always comes.</summary>
    internal bool IsCritical(int board, int stage) => _boards[board] || (uint)stage >= (uint)_stages.Length || _stages[stage];

    /// <summary>Whether the head board's residual comes with a stage.</summary>
    internal bool HasResync(int stage) => stage > 0 && stage <= _lastResync && (_lastResync - stage) % ResyncStages == 0;

    private static IEnumerable<int> Default(int stageCount) =>
        Enumerable.Range(0, stageCount).Where(stage => stage < LayerStages || stage == stageCount - 1);

    // The head board first, then the others as they stand in the plan.
    private static int Rank(int place, int head) => place == head ? 0 : place < head ? place + 1 : place;

    // Before what all boards get in full at the end of a step.
    private int LastResync()
    {
        int last = _stages.Length - 1;
        while (last > 1 && _stages[last] && _stages[last - 1])
        {
            last--;
        }

        return last;
    }
}
