using System.CommandLine;
using System.Globalization;
using Halo.Fabric.Datagrams;
using Halo.Fabric.Streams;
using Halo.Fabric.Wire;
using Halo.Silo;

namespace Halo.Cli.Hosting;

/// <summary>The options by which boards in other processes take part.</summary>
internal sealed class NetworkChoices
{
    private readonly Option<string[]> _boards = new("--board")
    {
        Description = "A board in another process, such as http://10.0.0.12:5100; may be given again. With one, this process carries 1 board.",
        HelpName = "URL",
    };

    private readonly Option<string?> _key = new("--key-file")
    {
        Description = "The file with the cluster's key, which --board needs; 'halo key FILE' makes one.",
        HelpName = "FILE",
    };

    private readonly Option<string?> _trust = new("--tls-trust")
    {
        Description = "PEM file with certificates to trust where --board begins with https. [default: this machine's]",
        HelpName = "FILE",
    };

    // As words: a truth value that cannot be read would be taken for the next argument.
    private readonly Option<string> _headHoldsShards = new("--head-holds-shards")
    {
        Description = "With --board: whether this process computes its part of attention and feed-forward. [default: true]",
        HelpName = "true|false",
        Arity = ArgumentArity.ExactlyOne,
        DefaultValueFactory = _ => bool.TrueString,
        CustomParser = result => CommandOptions.Read(result, "--head-holds-shards", "true or false", text => (bool.TryParse(text, out _), text)),
    };

    private readonly Option<double[]> _speeds = CommandOptions.NumberList<double>(
        "--speed", "Relative speeds of the boards, this process's first, then --board's, such as 1,2,4: a faster one gets more groups. [default: measured]",
        [], speed => speed > 0 && double.IsFinite(speed), "numbers above 0, comma-separated, one for each board");

    private readonly Option<Topology> _topology = CommandOptions.Choice(
        "--topology", "Over TCP and UDP: every board to every other, or all through the head board; auto, over UDP: whichever is measured to be faster.",
        ("mesh", Topology.Mesh), ("star", Topology.Star), ("auto", Topology.Auto));

    private readonly Option<WireType> _wire = CommandOptions.Choice(
        "--wire", "Over TCP and UDP: how partial sums travel.", ("f32", WireType.F32), ("f16", WireType.F16), ("q8", WireType.Q8));

    private readonly Option<DeliveryPolicy> _policy = CommandOptions.Choice(
        "--policy", "Over UDP: copies by the loss measured as well as resends, or resends alone; relaxed: only some boards' sums are waited for, see --critical-boards.",
        ("protected", DeliveryPolicy.Protected), ("strict", DeliveryPolicy.Strict), ("relaxed", DeliveryPolicy.Relaxed));

    private readonly Option<int> _criticalBoards = CommandOptions.Number(
        "--critical-boards", "Relaxed: how many boards, the head board first, are always waited for; what others send after its deadline counts as zero.", 1,
        count => count >= 1, "a whole number, 1 or more");

    private readonly Option<int[]?> _criticalStages = new("--critical-stages")
    {
        Description = "Relaxed: stages of which all boards' sums are waited for; attention of layer L is 2L, feed-forward 2L+1. [default: those of the first layer and the very last]",
        HelpName = "STAGE,...|none",
        CustomParser = result => CommandOptions.Read<int[]?>(result, "--critical-stages", "whole numbers from 0, comma-separated, or none", text =>
        {
            string[] words = text == "none" ? [] : text.Split(',');
            int[] stages = [.. words.Select(word => int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out int stage) ? stage : -1)];
            return (Array.TrueForAll(stages, stage => stage >= 0), stages);
        }),
    };

    private readonly Option<double> _deadline = CommandOptions.Number(
        "--deadline-ms", "Relaxed: the longest wait for the other boards in a stage, in milliseconds.", 50.0,
        limit => limit is > 0 and <= 10_000, "a number above 0, up to 10000");

    private readonly Option<int?> _udpPort = new("--udp-port")
    {
        Description = "Over UDP with --board: this process's port, for firewalls. [default: any that is free]",
        HelpName = "PORT",
        CustomParser = result => CommandOptions.Read<int?>(result, "--udp-port", "a whole number from 0 to 65535", text =>
            (ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ushort port), port)),
    };

    internal void AddTo(Command command)
    {
        foreach (Option option in (Option[])[_boards, _key, _trust, _headHoldsShards, _speeds, _topology, _wire, _policy, _criticalBoards, _criticalStages, _deadline, _udpPort])
        {
            command.Add(option);
        }
    }

    /// <exception cref="CommandFault">There is a key and no board to use it for.</exception>
    internal NetworkSetting Of(ParseResult parsed)
    {
        string[] boards = parsed.GetValue(_boards) ?? [];
        string? key = parsed.GetValue(_key);
        return boards.Length > 0 || key is null
            ? new NetworkSetting(
                boards, key, parsed.GetValue(_trust), bool.Parse(parsed.GetRequiredValue(_headHoldsShards)), parsed.GetValue(_speeds)!, parsed.GetValue(_topology), parsed.GetValue(_wire),
                parsed.GetValue(_policy), parsed.GetValue(_criticalBoards), parsed.GetResult(_criticalStages) is null ? null : parsed.GetValue(_criticalStages), TimeSpan.FromMilliseconds(parsed.GetValue(_deadline)), parsed.GetValue(_udpPort))
            : throw new CommandFault("--key-file is for boards in other processes; name each with --board http://HOST:5100.");
    }
}

/// <summary>Which boards in other processes take part, and how sums travel.</summary>
/// <param name="Boards">Control endpoints; empty where none take part.</param>
/// <param name="KeyFile">The file with the cluster's key.</param>
/// <param name="TlsTrustFile">PEM file with certificates to trust; null for whom this machine trusts.</param>
/// <param name="HeadHoldsShards">Whether this process computes its part of attention and feed-forward.</param>
/// <param name="Speeds">Relative speeds of all boards, this process's first; empty where they are measured.</param>
/// <param name="Topology">Who sends partial sums to whom.</param>
/// <param name="WireType">How partial sums travel.</param>
/// <param name="Policy">What datagrams do against loss.</param>
/// <param name="CriticalBoards">Relaxed: boards that are always waited for.</param>
/// <param name="CriticalStages">Relaxed: stages of which all sums are waited for; null for the usual ones.</param>
/// <param name="DeadlineLimit">Relaxed: the longest wait for the others.</param>
/// <param name="UdpPort">This process's port for datagrams; null for any that is free.</param>
internal sealed record NetworkSetting(
    IReadOnlyList<string> Boards, string? KeyFile, string? TlsTrustFile, bool HeadHoldsShards, IReadOnlyList<double> Speeds, Topology Topology, WireType WireType, DeliveryPolicy Policy,
    int CriticalBoards, IReadOnlyList<int>? CriticalStages, TimeSpan DeadlineLimit, int? UdpPort)
{
    internal bool HasBoards => Boards.Count > 0;

    /// <summary>Puts the choices into a cluster's options.</summary>
    internal void ApplyTo(HaloClusterOptions options)
    {
        options.BoardUrls = [.. Boards];
        options.KeyFile = KeyFile;
        options.TlsTrustFile = TlsTrustFile;
        options.HeadHoldsShards = HeadHoldsShards;
        options.Speeds = [.. Speeds];
        options.Topology = Topology;
        options.WireType = WireType;
        options.Policy = Policy;
        options.CriticalBoards = CriticalBoards;
        options.CriticalStages = CriticalStages is null ? null : [.. CriticalStages];
        options.DeadlineLimit = DeadlineLimit;
        options.UdpPort = UdpPort;
    }
}
