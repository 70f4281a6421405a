using System.CommandLine;
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
        "--topology", "Over TCP: every board to every other, or all through the head board.", ("mesh", Topology.Mesh), ("star", Topology.Star));

    private readonly Option<WireType> _wire = CommandOptions.Choice(
        "--wire", "Over TCP: how partial sums travel.", ("f32", WireType.F32), ("f16", WireType.F16), ("q8", WireType.Q8));

    internal void AddTo(Command command)
    {
        foreach (Option option in (Option[])[_boards, _key, _headHoldsShards, _speeds, _topology, _wire])
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
                boards, key, bool.Parse(parsed.GetRequiredValue(_headHoldsShards)), parsed.GetValue(_speeds)!, parsed.GetValue(_topology), parsed.GetValue(_wire))
            : throw new CommandFault("--key-file is for boards in other processes; name each with --board http://HOST:5100.");
    }
}

/// <summary>Which boards in other processes take part, and how sums travel.</summary>
/// <param name="Boards">Control endpoints; empty where none take part.</param>
/// <param name="KeyFile">The file with the cluster's key.</param>
/// <param name="HeadHoldsShards">Whether this process computes its part of attention and feed-forward.</param>
/// <param name="Speeds">Relative speeds of all boards, this process's first; empty where they are measured.</param>
/// <param name="Topology">Who sends partial sums to whom.</param>
/// <param name="WireType">How partial sums travel.</param>
internal sealed record NetworkSetting(
    IReadOnlyList<string> Boards, string? KeyFile, bool HeadHoldsShards, IReadOnlyList<double> Speeds, Topology Topology, WireType WireType)
{
    internal bool HasBoards => Boards.Count > 0;

    /// <summary>Puts the choices into a cluster's options.</summary>
    internal void ApplyTo(HaloClusterOptions options)
    {
        options.BoardUrls = [.. Boards];
        options.KeyFile = KeyFile;
        options.HeadHoldsShards = HeadHoldsShards;
        options.Speeds = [.. Speeds];
        options.Topology = Topology;
        options.WireType = WireType;
    }
}
