using System.Globalization;
using System.Text;
using Halo.Planning.Profiles;

namespace Halo.Planning.Assignment;

/// <summary>
/// The first planner: every stage is split over the boards in proportion to their speed, within their memory. Each layer gets the same
/// quotas, as a stage is as slow as its slowest board. Boards may be more than head groups: those left over hold neuron groups only.
/// </summary>
public static class Planner
{
    /// <summary>Makes a plan.</summary>
    /// <param name="model">The model.</param>
    /// <param name="boards">The boards, in the order in which partial sums will be added.</param>
    /// <param name="request">What the user asks of the plan.</param>
    /// <exception cref="ArgumentException">No boards, a name twice, an unknown head board, or a speed or number of KV positions that is not positive.</exception>
    /// <exception cref="PlanDoesNotFitException">The boards have too little memory; the message has the numbers.</exception>
    public static Plan Create(ModelProfile model, IReadOnlyList<BoardProfile> boards, PlanRequest request)
    {
        string headBoard = Check(boards, request);

        // Weights in memory come first: a board that streams them is many times slower.
        BoardProfile[] whole = [.. boards.Select(board => board with { Streams = false })];
        int kvPositions = request.KvPositions ?? DefaultKvPositions(model);
        if (TryPlan(model, whole, headBoard, request, kvPositions) is { } plan)
        {
            return plan;
        }

        return (boards.Any(board => board.Streams) ? TryPlan(model, boards, headBoard, request, kvPositions) : null)
            ?? throw new PlanDoesNotFitException(Explain(model, boards, headBoard, request.KvPositions ?? Math.Min(kvPositions, LeastKvPositions(model))));
    }

    private static Plan? TryPlan(ModelProfile model, IReadOnlyList<BoardProfile> boards, string headBoard, PlanRequest request, int kvPositions)
    {
        while (true)
        {
            if (TryAssign(model, boards, headBoard, request.HeadHoldsShards || boards.Count == 1, kvPositions) is { } shards)
            {
                Plan plan = new()
                {
                    Version = request.Version,
                    Model = model.Name,
                    Boards = [.. boards.Select(board => board.Name)],
                    HeadBoard = headBoard,
                    KvPositions = kvPositions,
                    Shards = shards,
                };
                if (boards.All(board => !board.Streams || StreamingFit.Holds(model, BoardMemory.Of(plan, model, board.Name), board.MemoryBytes)))
                {
                    return plan;
                }
            }

            // Fewer sequences at once is better than no service: only an explicit wish for KV is kept at all cost.
            if (request.KvPositions is not null || kvPositions <= LeastKvPositions(model))
            {
                return null;
            }

            kvPositions = Math.Max(LeastKvPositions(model), kvPositions / 2);
        }
    }

    private static int DefaultKvPositions(ModelProfile model)
    {
        const int MostSequencesOfFullLength = 16;
        const int MostPositions = 32_768;
        return (int)Math.Min((long)model.ContextLength * MostSequencesOfFullLength, MostPositions);
    }

    // One sequence of useful length. A model may be able to take far longer ones than anybody here wants to keep in memory.
    private static int LeastKvPositions(ModelProfile model)
    {
        const int UsefulLength = 2_048;
        return Math.Min(model.ContextLength, UsefulLength);
    }

    private static string Check(IReadOnlyList<BoardProfile> boards, PlanRequest request)
    {
        if (boards.Count == 0)
        {
            throw new ArgumentException("A plan needs at least one board.", nameof(boards));
        }

        if (boards.GroupBy(board => board.Name).FirstOrDefault(group => group.Count() > 1) is { } twice)
        {
            throw new ArgumentException($"Two boards are called '{twice.Key}'; names must be unique.", nameof(boards));
        }

        if (boards.FirstOrDefault(board => !double.IsFinite(board.BytesPerSecond) || board.BytesPerSecond <= 0) is { } slow)
        {
            throw new ArgumentException($"Board '{slow.Name}' has speed {slow.BytesPerSecond}; a positive number is needed.", nameof(boards));
        }

        if (request.KvPositions is < 1)
        {
            throw new ArgumentException($"A plan with KV for {request.KvPositions} positions could serve nobody; at least 1 is needed.", nameof(request));
        }

        string headBoard = request.HeadBoard ?? boards[0].Name;
        return boards.Any(board => board.Name == headBoard)
            ? headBoard
            : throw new ArgumentException($"The head board '{headBoard}' is not among the boards.", nameof(request));
    }

    private static List<ShardAssignment>? TryAssign(
        ModelProfile model, IReadOnlyList<BoardProfile> boards, string headBoard, bool headHoldsShards, int kvPositions)
    {
        long[] free = [.. boards.Select(board =>
            board.MemoryBytes - model.BoardBytes - (board.Name == headBoard ? model.HeadBoardBytes : 0))];
        if (free.Any(bytes => bytes < 0))
        {
            return null;
        }

        List<ShardAssignment> shards = [];
        long[] limits = new long[boards.Count];
        int[] quotas = new int[boards.Count];
        foreach (ShardKind kind in Enum.GetValues<ShardKind>())
        {
            long[] groupBytes = [.. boards.Select(board => Math.Max(1, board.Streams ? StreamedGroupBytes(model, kind, kvPositions) : GroupBytesWithKv(model, kind, kvPositions)))];
            for (int board = 0; board < limits.Length; board++)
            {
                limits[board] = free[board] / groupBytes[board];
            }

            bool headTakesPart = headHoldsShards || kind == ShardKind.Vocabulary;
            double[] speeds = [.. boards.Select(board => headTakesPart || board.Name != headBoard ? board.BytesPerSecond : 0)];
            if (!QuotaSolver.TrySolve(model.GroupCount(kind), speeds, limits, quotas))
            {
                return null;
            }

            for (int board = 0; board < limits.Length; board++)
            {
                free[board] -= quotas[board] * groupBytes[board];
            }

            AddShards(shards, model, kind, boards, quotas);
        }

        shards.Sort((a, b) => a.Shard.CompareTo(b.Shard));
        return shards;
    }

    private static void AddShards(List<ShardAssignment> shards, ModelProfile model, ShardKind kind, IReadOnlyList<BoardProfile> boards, int[] quotas)
    {
        int firstLayer = kind == ShardKind.Vocabulary ? ShardId.OutputLayer : 0;
        int endLayer = kind == ShardKind.Vocabulary ? ShardId.OutputLayer + 1 : model.LayerCount;
        for (int layer = firstLayer; layer < endLayer; layer++)
        {
            int group = 0;
            int index = 0;
            for (int board = 0; board < quotas.Length; board++)
            {
                if (quotas[board] > 0)
                {
                    shards.Add(new ShardAssignment(new ShardId(layer, kind, index++), group, quotas[board], boards[board].Name));
                    group += quotas[board];
                }
            }
        }
    }

    private static long GroupBytesWithKv(ModelProfile model, ShardKind kind, int kvPositions) =>
        model.GroupBytes(kind) + (kind == ShardKind.Attention ? model.KvBytesPerPosition * model.LayerCount * kvPositions : 0);

    // KV takes half of the memory at most, so that weights have the other half to pass through.
    private static long StreamedGroupBytes(ModelProfile model, ShardKind kind, int kvPositions) =>
        2 * (GroupBytesWithKv(model, kind, kvPositions) - model.GroupBytes(kind));

    private static string Explain(ModelProfile model, IReadOnlyList<BoardProfile> boards, string headBoard, int kvPositions)
    {
        StringBuilder text = new();
        long weights = Enum.GetValues<ShardKind>().Sum(kind => model.GroupBytes(kind) * model.GroupCount(kind));
        long kv = model.KvBytesPerPosition * model.LayerCount * model.HeadGroupCount * kvPositions;
        long fixedBytes = model.BoardBytes * boards.Count + model.HeadBoardBytes;
        long have = boards.Sum(board => board.MemoryBytes);
        text.Append(CultureInfo.InvariantCulture, $"{model.Name} does not fit: it needs {Megabytes(weights)} of weights, {Megabytes(kv)} of KV ")
            .Append(CultureInfo.InvariantCulture, $"({kvPositions} positions) and {Megabytes(fixedBytes)} of buffers, {Megabytes(weights + kv + fixedBytes)} in all; ")
            .Append(CultureInfo.InvariantCulture, $"the boards offer {Megabytes(have)} (");
        text.AppendJoin(", ", boards.Select(board => string.Create(
            CultureInfo.InvariantCulture,
            $"{board.Name} {Megabytes(board.MemoryBytes)}{(board.Name == headBoard ? $", of which the head board's buffers take {Megabytes(model.BoardBytes + model.HeadBoardBytes)}" : "")}")));
        text.Append("). ");
        text.Append(weights + kv + fixedBytes > have
            ? string.Create(CultureInfo.InvariantCulture, $"Short by {Megabytes(weights + kv + fixedBytes - have)}: add a board, raise a memory limit, or take a smaller or more quantised model.")
            : "Their memory would do in sum, but no cut on whole groups fits each of them: raise the smallest limit.");
        return text.ToString();
    }

    private static string Megabytes(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:0.0} MB");
}
