using Halo.Planning.Profiles;

namespace Halo.Planning.Assignment;

/// <summary>
/// The quotas of all kinds together: minimise the seconds of all stages plus <c>LossWeight</c> times the expected lost mass, where the kinds share the
/// boards' memory.
/// </summary>
internal sealed class QuotaProblem
{
    private readonly ModelProfile _model;
    private readonly IReadOnlyList<BoardProfile> _boards;
    private readonly double[][] _mass;
    private readonly bool[] _takesPart;
    private readonly int _kvPositions;

    /// <param name="model">The model.</param>
    /// <param name="boards">The boards.</param>
    /// <param name="losses">Their losses.</param>
    /// <param name="mass">Importance.</param>
    /// <param name="head">The head board's number.</param>
    /// <param name="headHoldsShards">Whether it holds more than tokens.</param>
    /// <param name="kvPositions">Positions of KV.</param>
    internal QuotaProblem(
        ModelProfile model, IReadOnlyList<BoardProfile> boards, double[] losses, GroupMass mass, int head, bool headHoldsShards, int kvPositions)
    {
        _model = model;
        _boards = boards;
        _kvPositions = kvPositions;
        _mass = [.. Enum.GetValues<ShardKind>().Select(mass.ByRank)];
        _takesPart = [.. boards.Select((_, board) => board != head || headHoldsShards)];
        Losses = losses;
        Free = [.. boards.Select((board, number) => board.MemoryBytes - model.BoardBytes - (number == head ? model.HeadBoardBytes : 0))];
    }

    /// <summary>Bytes of memory for shards and KV; a negative one means that a board has too little for its buffers.</summary>
    internal long[] Free { get; }

    /// <summary>Loss of each board.</summary>
    internal double[] Losses { get; }

    /// <summary>What a unit of lost mass is worth, in seconds.</summary>
    internal double LossWeight { get; set; }

    internal int BoardCount => _boards.Count;

    /// <summary>Importance of all groups together.</summary>
    internal double TotalMass => _mass.Sum(ranks => ranks.Sum());

    internal int GroupCount(ShardKind kind) => _model.GroupCount(kind);

    /// <summary>What groups of a kind cost a board.</summary>
    internal BoardTimes Times(ShardKind kind, int board)
    {
        long all = _model.GroupBytes(kind);
        long kv = kind == ShardKind.Attention ? _model.KvBytesPerPosition * _model.LayerCount * _kvPositions : 0;
        long stage = kind == ShardKind.Vocabulary ? all : all / _model.LayerCount;

        // Where weights pass through memory, KV takes half of it at most.
        long held = _boards[board].Streams ? 2 * kv : all + kv;
        return new BoardTimes(
            _boards[board], Math.Max(1, stage), Math.Max(1, held), kind == ShardKind.FeedForward && _boards[board].StorageBytesPerSecond > 0);
    }

    /// <summary>The problem of one kind with the memory that others have left.</summary>
    internal StageProblem Stage(ShardKind kind, long[] free) => new()
    {
        Seconds = [.. Enumerable.Range(0, _boards.Count).Select(board =>
            _takesPart[board] || kind == ShardKind.Vocabulary ? Times(kind, board).Seconds(free[board], GroupCount(kind)) : [0])],
        Losses = kind == ShardKind.Vocabulary ? new double[_boards.Count] : Losses,
        Mass = _mass[(int)kind],
        TimeWeight = kind == ShardKind.Vocabulary ? 1 : _model.LayerCount,
        LossWeight = LossWeight,
    };

    /// <summary>Takes the memory of a kind's groups off what is free.</summary>
    internal void Take(ShardKind kind, int[] quotas, long[] free)
    {
        for (int board = 0; board < quotas.Length; board++)
        {
            free[board] -= Times(kind, board).Taken(quotas[board], free[board]);
        }
    }
}
