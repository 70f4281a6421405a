using System.CommandLine;
using Halo.Cli.Hosting;
using Halo.Fabric.Datagrams;
using Halo.Fabric.Simulated;
using Halo.Planning.Assignment;
using Halo.Planning.Importance;
using Halo.Silo;

namespace Halo.Cli.Eval;

/// <summary>The options by which quality is measured as if links between the boards of this process lost packets.</summary>
internal sealed class SimulatedChoices
{
    private readonly Option<double> _loss = Percent("--loss", "As if links between boards lost this percentage of packets; needs --policy relaxed to cost anything.", 0);
    private readonly Option<double> _burst = Milliseconds("--burst-ms", "Mean length of periods in which a link loses all; 0 for none.", 0);
    private readonly Option<double> _badShare = Percent("--bad-share", "With --burst-ms: percentage of the time that a link is bad.", 5);
    private readonly Option<double> _stageTime = Milliseconds("--stage-ms", "With --burst-ms: what a stage takes.", 3);
    private readonly Option<int?> _badBoards = CommandOptions.OptionalNumber<int>(
        "--bad-boards", "So many boards, the last ones, have links that lose. [default: all]", count => count >= 0, "a whole number, 0 or more");
    private readonly Option<bool> _outgoing = new("--bad-outgoing") { Description = "With --bad-boards: they lose what they send alone, not what they receive." };
    private readonly Option<double> _lossWeight = CommandOptions.Number(
        "--loss-weight", "With --placement importance: what expected loss is worth beside speed; 0 gives every board as many groups as without losses.", 0.0, weight => weight >= 0 && double.IsFinite(weight), "a number, 0 or more");
    private readonly Option<int> _copies = CommandOptions.Number("--copies", "Times that sums which are not critical are sent.", 1, copies => copies is >= 1 and <= 8, "a whole number from 1 to 8");
    private readonly Option<double> _late = Percent("--late", "Percentage of missing sums that come a stage too late and are added then.", 0);
    private readonly Option<StageFill> _fill = CommandOptions.Choice(
        "--fill", "What stands for a missing sum; mean and low-rank need --importance.",
        ("zero", StageFill.Zero), ("mean", StageFill.Mean), ("low-rank", StageFill.LowRank), ("rescale", StageFill.Rescale));
    private readonly Option<ulong> _seed = CommandOptions.Number("--seed", "Same seed, same losses.", 1ul, _ => true, "a whole number from 0");
    private readonly Option<string?> _importance = new("--importance")
    {
        Description = "What 'halo calibrate' wrote. [default: the file beside the model with the ending .halo, if there is one]",
        HelpName = "FILE.halo",
    };

    private readonly Option<PlacementKind> _placement = CommandOptions.Choice(
        "--placement", "How groups are given to boards; importance needs --importance.",
        ("importance", PlacementKind.Importance), ("even", PlacementKind.Even), ("random", PlacementKind.Random));

    private readonly Option<int> _placementSeed = CommandOptions.Number("--placement-seed", "With --placement random: same seed, same plan.", 1, _ => true, "a whole number");

    internal void AddTo(Command command)
    {
        foreach (Option option in (Option[])
            [_loss, _burst, _badShare, _stageTime, _badBoards, _outgoing, _lossWeight, _copies, _late, _fill, _seed, _importance, _placement, _placementSeed])
        {
            command.Add(option);
        }
    }

    /// <exception cref="CommandFault">What was asked for does not go together.</exception>
    internal async Task<SimulatedSetting> OfAsync(ParseResult parsed, ModelFile model, NetworkSetting network, CancellationToken cancellationToken)
    {
        bool hasBursts = parsed.GetValue(_burst) > 0;
        bool isLossy = parsed.GetValue(_loss) > 0 || hasBursts;
        ModelImportance? importance = await ImportanceSource.FindAsync(parsed.GetValue(_importance), model, cancellationToken);
        StageFill fill = parsed.GetValue(_fill);
        if (isLossy && network.HasBoards)
        {
            throw new CommandFault("--loss and --burst-ms simulate links between boards of this process; leave --board out.");
        }

        if (importance is null && fill is StageFill.Mean or StageFill.LowRank)
        {
            throw new CommandFault("--fill mean and low-rank need what calibration found; give --importance FILE.halo.");
        }

        // Strict and protected policies send again until everything is there: what links lose costs time alone.
        SimulatedLoss? loss = !isLossy || network.Policy != DeliveryPolicy.Relaxed ? null : new SimulatedLoss
        {
            Loss = parsed.GetValue(_loss) / 100,
            Burst = hasBursts ? TimeSpan.FromMilliseconds(parsed.GetValue(_burst)) : TimeSpan.Zero,
            BadShare = hasBursts ? parsed.GetValue(_badShare) / 100 : 0,
            StageTime = TimeSpan.FromMilliseconds(parsed.GetValue(_stageTime)),
            BadBoards = parsed.GetValue(_badBoards),
            OutgoingOnly = parsed.GetValue(_outgoing),
            Copies = parsed.GetValue(_copies),
            LateShare = parsed.GetValue(_late) / 100,
            Fill = fill,
            CriticalStages = network.CriticalStages,
            CriticalBoards = network.CriticalBoards,
            WireType = network.WireType,
            Seed = parsed.GetValue(_seed),
        };
        return new SimulatedSetting(loss, importance, new Placement(parsed.GetValue(_placement), parsed.GetValue(_placementSeed)), parsed.GetValue(_lossWeight));
    }

    private static Option<double> Percent(string name, string description, double standard) =>
        CommandOptions.Number(name, description, standard, percent => percent is >= 0 and <= 100, "a percentage from 0 to 100");

    private static Option<double> Milliseconds(string name, string description, double standard) =>
        CommandOptions.Number(name, description, standard, time => time is >= 0 and <= 10_000, "a time in milliseconds from 0 to 10000");
}

/// <summary>What is simulated.</summary>
/// <param name="Loss">What is lost; null where nothing is, or where it comes in the end.</param>
/// <param name="Importance">What calibration found of the model; null where it was not calibrated.</param>
/// <param name="Placement">How groups are given to boards.</param>
/// <param name="LossWeight">What expected loss is worth beside speed.</param>
internal sealed record SimulatedSetting(SimulatedLoss? Loss, ModelImportance? Importance, Placement Placement, double LossWeight)
{
    /// <summary>Puts it into a cluster's options.</summary>
    internal void ApplyTo(HaloClusterOptions options, string model)
    {
        options.Losses = Loss;
        options.Placement = Placement;
        if (Importance is not null)
        {
            options.Importance = new Dictionary<string, ModelImportance> { [model] = Importance };
        }

        // For speed every board is like another: what is compared is who holds what.
        int boards = options.LocalBoards;
        if (Loss is { BadBoards: { } bad })
        {
            options.LossWeight = LossWeight;
            options.BoardLosses = [.. Enumerable.Range(0, boards).Select(board => board > 0 && board >= boards - bad ? Math.Max(Loss.Loss, Loss.BadShare) : 0)];
        }
    }
}
