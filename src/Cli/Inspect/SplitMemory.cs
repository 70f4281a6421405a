using Halo.Boards;
using Halo.Inference.Gguf;
using Halo.Inference.Model;
using Halo.Inference.Quantization;
using Halo.Planning.Assignment;
using Halo.Planning.Profiles;

namespace Halo.Cli.Inspect;

/// <summary>What boards of equal speed and enough memory would need for a model, as the planner computes it.</summary>
internal sealed class SplitMemory
{
    // More than any model; small enough that sums over 64 boards stay far from overflow.
    private const long EnoughBytes = 1L << 50;

    private readonly ModelProfile? _profile;

    private SplitMemory(ModelProfile? profile, IReadOnlyList<Plan> plans, string? missingBecause)
    {
        _profile = profile;
        Plans = plans;
        MissingBecause = missingBecause;
    }

    /// <summary>One plan for each number of boards; empty where the model cannot be run.</summary>
    internal IReadOnlyList<Plan> Plans { get; }

    /// <summary>How keys and values are kept.</summary>
    internal KvType KvType { get; private init; }

    /// <summary>Why there are no plans; null where there are.</summary>
    internal string? MissingBecause { get; }

    /// <summary>What is to be known of how the file is read; null where there is nothing.</summary>
    internal string? Note { get; private init; }

    /// <summary>Plans a model without loading it.</summary>
    internal static SplitMemory Of(string path, int[] boardCounts, KvType kvType)
    {
        try
        {
            using LoadedModel model = LoadedModel.Open(Path.GetFileNameWithoutExtension(path), path, new StepLimits { KvType = kvType });
            ModelProfile profile = model.Profile;
            IEnumerable<Plan> plans = boardCounts.Select(count => Planner.Create(profile, Boards(count), new PlanRequest()));
            return new SplitMemory(profile, [.. plans], null) { KvType = kvType, Note = model.Weights.Config.Note };
        }
        catch (GgufFormatException fault)
        {
            return new SplitMemory(null, [], fault.Message);
        }
    }

    /// <summary>What each board of a plan needs.</summary>
    internal IEnumerable<BoardMemory> Boards(Plan plan) => plan.Boards.Select(board => BoardMemory.Of(plan, _profile!, board));

    private static BoardProfile[] Boards(int count) =>
        [.. Enumerable.Range(1, count).Select(number => new BoardProfile($"b{number}", 1, EnoughBytes))];
}
