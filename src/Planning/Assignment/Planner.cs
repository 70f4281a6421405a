using System.Globalization;
using System.Text;
using Halo.Planning.Profiles;

namespace Halo.Planning.Assignment;

/// <summary>
/// Splits every stage over the boards in proportion to their speed, within their memory. Each layer gets the same quotas, as a stage is as slow as
/// its slowest board. Boards may be more than head groups: those left over hold neuron groups only. Where importance is known, the groups that matter
/// most go to the boards that lose least, and boards that lose much get fewer: see <see cref="QuotaProblem"/>.
/// </summary>
public static class Planner
{
    /// <summary>Makes a plan.</summary>
    /// <param name="model">The model.</param>
    /// <param name="boards">The boards, in the order in which partial sums will be added.</param>
    /// <param name="request">What the user asks of the plan.</param>
    /// <exception cref="ArgumentException">
    /// No boards, a name twice, an unknown head board, a number of KV positions that is not positive, other numbers out of range, or importance of
    /// another model; the message names it.
    /// </exception>
    /// <exception cref="PlanDoesNotFitException">The boards have too little memory; the message has the numbers.</exception>
    public static Plan Create(ModelProfile model, IReadOnlyList<BoardProfile> boards, PlanRequest request)
    {
        string headBoard = Check(model, boards, request);

        // Weights in memory come first: a board that streams them is many times slower.
        BoardProfile[] whole = [.. boards.Select(board => board with { Streams = false })];
        int kvPositions = request.KvPositions ?? DefaultKvPositions(model);
        if (TryUpTo(model, whole, headBoard, request, kvPositions) is { } plan)
        {
            return plan;
        }

        return (boards.Any(board => board.Streams) ? TryUpTo(model, boards, headBoard, request, kvPositions) : null)
            ?? throw new PlanDoesNotFitException(Explain(model, boards, headBoard, request.KvPositions ?? Math.Min(kvPositions, LeastKvPositions(model))));
    }

    private static Plan? TryUpTo(ModelProfile model, IReadOnlyList<BoardProfile> boards, string headBoard, PlanRequest request, int kvPositions)
    {
        while (true)
        {
            if (TryPlan(model, boards, request, headBoard, kvPositions) is { } plan
                && boards.All(board => !board.Streams || StreamingFit.Holds(model, BoardMemory.Of(plan, model, board.Name), board.MemoryBytes)))
            {
                return plan;
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

    private static string Check(ModelProfile model, IReadOnlyList<BoardProfile> boards, PlanRequest request)
    {
        if (boards.Count == 0)
        {
            throw new ArgumentException("A plan needs at least one board.", nameof(boards));
        }

        if (boards.GroupBy(board => board.Name).FirstOrDefault(group => group.Count() > 1) is { } twice)
        {
            throw new ArgumentException($"Two boards are called '{twice.Key}'; names must be unique.", nameof(boards));
        }

        if (boards.FirstOrDefault(board => board.Fault is not null) is { } faulty)
        {
            throw new ArgumentException($"Board '{faulty.Name}' {faulty.Fault}.", nameof(boards));
        }

        if (!(request.LossWeight >= 0) || !(request.ReplicationShare is >= 0 and <= 1))
        {
            throw new ArgumentException(
                $"A loss weight of {request.LossWeight} and a replication share of {request.ReplicationShare}: 0 or more, and 0 to 1, are needed.", nameof(request));
        }

        if (request.Importance is { } importance && GroupMass.Fault(model, importance) is { } fault)
        {
            throw new ArgumentException(fault, nameof(request));
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

    private static Plan? TryPlan(ModelProfile model, IReadOnlyList<BoardProfile> boards, PlanRequest request, string headBoard, int kvPositions)
    {
        bool headHoldsShards = request.HeadHoldsShards || boards.Count == 1;
        Draft draft = new(model, boards, request, headBoard, headHoldsShards, kvPositions);
        if (draft.Quotas is not { } quotas)
        {
            return null;
        }

        List<ShardAssignment> shards = [.. Stages(model).SelectMany(stage => draft.Cut(stage.Layer, stage.Kind, quotas[(int)stage.Kind]))];
        shards.Sort((a, b) => a.Shard.CompareTo(b.Shard));
        Plan plan = new()
        {
            Version = request.Version,
            Model = model.Name,
            Boards = [.. boards.Select(board => board.Name)],
            HeadBoard = headBoard,
            KvPositions = kvPositions,
            Shards = shards,
        };
        if (request is { Importance: { } importance, ReplicationShare: > 0 })
        {
            shards.AddRange(Replicator.Replicas(plan, model, boards, new GroupMass(model, importance), request.ReplicationShare, headHoldsShards).ToList());
            shards.Sort((a, b) => a.Shard.CompareTo(b.Shard));
        }

        return plan;
    }

    private static IEnumerable<(int Layer, ShardKind Kind)> Stages(ModelProfile model) =>
        Enumerable.Range(0, model.LayerCount).SelectMany(layer => new[] { (layer, ShardKind.Attention), (layer, ShardKind.FeedForward) })
            .Append((ShardId.OutputLayer, ShardKind.Vocabulary));

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
