using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization;
using Halo.Boards;
using Halo.Cli.Hosting;
using Halo.Fabric.Wire;
using Halo.Inference.Model;
using Halo.Inference.Quantization;
using Halo.Planning.Assignment;
using Halo.Planning.Importance;
using Halo.Planning.Profiles;
using Halo.Planning.Timing;

namespace Halo.Cli.Plans;

/// <summary><c>halo plan</c>: which board would hold what, what a token would take, and what loss would cost. Starts nothing.</summary>
internal sealed partial class PlanCommand
{
    private const double DatagramBytes = 1280; // of a sum, in one datagram

    private readonly Option<string?> _model = CommandOptions.Model();

    private readonly Option<string> _cluster = new("--cluster") { Description = "The boards, a JSON file; docs/plan.md describes it.", HelpName = "FILE", Required = true };

    private readonly Option<string?> _importance = new("--importance")
    {
        Description = "What the model's groups add, as calibration wrote it: who holds what then follows it and the boards' losses.",
        HelpName = "FILE",
    };

    private readonly Option<PlacementKind> _placement = CommandOptions.Choice(
        "--placement", "By what groups are placed.", ("importance", PlacementKind.Importance), ("even", PlacementKind.Even), ("random", PlacementKind.Random));

    private readonly Option<int> _seed = CommandOptions.Number("--seed", "Of --placement random.", 0, _ => true, "a whole number");

    private readonly Option<double> _lossWeight = CommandOptions.Number(
        "--loss-weight", "What losing everything is worth, in shortest possible times of all stages; 0 plans for speed alone.", new PlanRequest().LossWeight,
        weight => weight >= 0 && double.IsFinite(weight), "a number, 0 or more");

    private readonly Option<double> _replicas = CommandOptions.Number(
        "--replicas", "Percentage of the neuron groups, the most important ones, that a second board holds too.", 0.0,
        share => share is >= 0 and <= 100, "a percentage from 0 to 100");

    private readonly Option<SumPolicy> _policy = CommandOptions.Choice(
        "--policy", "What is done against loss.",
        [.. Enum.GetValues<SumPolicy>().Select(policy => (PlanReport.PolicyWord(policy), policy))]);

    private readonly Option<SumTopology> _topology = CommandOptions.Choice(
        "--topology", "Every board to every other, or all through the head board.", ("mesh", SumTopology.Mesh), ("star", SumTopology.Star));

    private readonly Option<WireType> _wire = CommandOptions.Choice(
        "--wire", "How partial sums travel.", ("f32", WireType.F32), ("f16", WireType.F16), ("q8", WireType.Q8));

    private readonly Option<int> _criticalBoards = CommandOptions.Number(
        "--critical-boards", "Relaxed: how many boards, the head board first, are always waited for.", 1, count => count >= 1, "a whole number, 1 or more");

    private readonly Option<double?> _loss = CommandOptions.OptionalNumber<double>(
        "--loss-override", "Percentage of packets that every board loses, instead of what the file says.", loss => loss is >= 0 and < 100, "a percentage from 0 to below 100");

    private readonly Option<int?> _kvPositions = CommandOptions.OptionalNumber<int>(
        "--kv-positions", "Positions of KV for all sequences together. [default: as many as useful]", count => count >= 1, "a whole number, 1 or more");

    private readonly Option<KvType> _kvType = CommandOptions.KvType();

    private readonly Option<bool> _json = CommandOptions.Json();

    internal static Command Create()
    {
        PlanCommand options = new();
        Command command = new("plan", "Show which board would hold what of a model, and what a token would take.")
        {
            options._model, options._cluster, options._importance, options._placement, options._seed, options._lossWeight, options._replicas, options._policy,
            options._topology, options._wire, options._criticalBoards, options._loss, options._kvPositions, options._kvType, options._json,
        };
        command.SetAction(options.Run);
        return command;
    }

    private int Run(ParseResult parsed)
    {
        CommandConsole console = CommandConsole.Of(parsed);
        ModelFile file = ModelFile.Locate(parsed.GetValue(_model));
        ClusterFile cluster = ClusterFile.Read(parsed.GetRequiredValue(_cluster));
        ModelImportance? importance = parsed.GetValue(_importance) is { } path ? ImportanceSource.Read(path) : null;
        if (importance is null && parsed.GetValue(_replicas) > 0)
        {
            throw new CommandFault("--replicas are of the most important groups; give --importance as well.");
        }

        using LoadedModel model = LoadedModel.Open(file.Name, file.Path, new StepLimits { KvType = parsed.GetValue(_kvType) });
        BoardProfile[] boards = [.. cluster.Boards.Select(board => parsed.GetValue(_loss) is { } loss ? board with { Loss = loss / 100 } : board)];
        Placement placement = new(parsed.GetValue(_placement), parsed.GetValue(_seed));
        Plan plan = Make(model.Profile, boards, new PlanRequest
        {
            HeadBoard = cluster.Head,
            HeadHoldsShards = cluster.HeadHoldsShards,
            KvPositions = parsed.GetValue(_kvPositions),
            Importance = importance,
            Placement = placement,
            LossWeight = parsed.GetValue(_lossWeight),
            ReplicationShare = parsed.GetValue(_replicas) / 100,
        });
        StepTimeOptions options = new()
        {
            Topology = parsed.GetValue(_topology),
            CriticalBoards = parsed.GetValue(_criticalBoards),
            DatagramsPerSum = (int)Math.Ceiling(model.Weights.Config.HiddenSize * BytesOf(parsed.GetValue(_wire)) / DatagramBytes),
        };
        PlanReport report = PlanReport.Of(plan, model.Profile, boards, importance, placement, parsed.GetValue(_policy), options);
        if (parsed.GetValue(_json))
        {
            console.Output.WriteLine(JsonSerializer.Serialize(report, ReportJson.Default.PlanReport));
        }
        else
        {
            PlanTables.Print(console, report);
        }

        return CommandHost.Success;
    }

    private static Plan Make(ModelProfile model, BoardProfile[] boards, PlanRequest request)
    {
        try
        {
            return Planner.Create(model, boards, request);
        }
        catch (Exception fault) when (fault is PlanDoesNotFitException or ArgumentException)
        {
            throw new CommandFault(fault.Message);
        }
    }

    private static double BytesOf(WireType wire) => wire switch
    {
        WireType.F16 => 2,
        WireType.Q8 => 34 / 32.0,
        _ => 4,
    };

    [JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
    [JsonSerializable(typeof(PlanReport))]
    private sealed partial class ReportJson : JsonSerializerContext;
}
