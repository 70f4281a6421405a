using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Halo.Cli.Hosting;
using Halo.Fabric.Streams;
using Halo.Fabric.Wire;
using Halo.Inference.Padding;
using Halo.Lab;
using Halo.Lab.Net;

namespace Halo.Cli.Lab.Loss;

/// <summary><c>halo lab loss</c>: what a token takes on board processes whose links lose packets.</summary>
internal static class LossCommand
{
    private const string DefaultShape = "512,1536,22,8,8"; // so small that time is made of synchronisation, as on a radio

    internal static Command Create()
    {
        LinkChoices links = new();
        Option<double[]> loss = CommandOptions.NumberList<double>(
            "--loss", "Percentages of packets lost, each on its own; a cell each. 0 is always measured, as T0.", [0, 1, 3, 5, 10],
            LinkChoices.IsPercent, "percentages from 0 to 100, comma-separated");
        Option<LossPolicy[]> policy = Several(
            "--policy", "How boards exchange partial sums: TCP as the kernel comes, or with its minimum retransmission timer lowered to 5 ms; datagrams with resends, or with copies too; relaxed: with only the head board's sums waited for.",
            ("tcp", LossPolicy.Tcp), ("tcp-low-rto", LossPolicy.TcpLowRto), ("strict", LossPolicy.Strict), ("protected", LossPolicy.Protected),
            ("relaxed", LossPolicy.Relaxed));
        Option<Topology[]> topology = Several("--topology", "Who sends them to whom.", ("mesh", Topology.Mesh), ("star", Topology.Star), ("auto", Topology.Auto));
        Option<WireType> wire = CommandOptions.Choice("--wire", "How they travel.", ("f32", WireType.F32), ("f16", WireType.F16), ("q8", WireType.Q8));
        Option<string?> model = CommandOptions.Model();
        Option<ModelShape> shape = LabOptions.Shape($"Shape to pad the model to [default: {DefaultShape}]");
        shape.Required = false;
        Option<int> tokens = CommandOptions.Number("--tokens", "Tokens of a cell.", 60, count => count >= 2, "a whole number, 2 or more");
        Option<int> limit = CommandOptions.Number(
            "--cell-limit", "Seconds that a cell may take.", 300, seconds => seconds is >= 1 and <= 86_400, "a whole number of seconds from 1 to 86400");
        Option<bool> json = CommandOptions.Json();
        Command command = new("loss", "Measure what a token takes on boards whose links lose packets. Needs root.")
        {
            loss, policy, topology, wire, model, shape, tokens, limit, json,
        };
        links.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            CommandConsole console = CommandConsole.Of(parsed);
            if (LabRights.Missing() is { } missing)
            {
                throw new CommandFault(missing);
            }

            LossSetting setting = new(
                links.Of(parsed),
                [.. parsed.GetValue(loss)!.Prepend(0).Distinct()],
                parsed.GetValue(policy)!,
                parsed.GetValue(topology)!,
                parsed.GetValue(wire),
                parsed.GetValue(shape) ?? ModelShape.Parse(DefaultShape),
                parsed.GetValue(tokens),
                TimeSpan.FromSeconds(parsed.GetValue(limit)));
            try
            {
                LossReport report = await new LossExperiment(console, ModelFile.Locate(parsed.GetValue(model)), setting).RunAsync(cancellationToken);
                Print(console, report, parsed.GetValue(json));
                return CommandHost.Success;
            }
            catch (LabException fault)
            {
                throw new CommandFault(fault.Message);
            }
        });
        return command;
    }

    private static void Print(CommandConsole console, LossReport report, bool json)
    {
        if (json)
        {
            console.Output.WriteLine(JsonSerializer.Serialize(report, LossJson.Default.LossReport));
            return;
        }

        TextTable table = new TextTable().Words("policy", "topology").Numbers(
            "loss %", "TPOT ms", "p50", "p99", "TTFT ms", "x T0", "oracle ms", "with relay", "CPU ms", "frames", "bytes", "lost")
            .Numbers([.. LinkCounts.Names]).Words("text");
        foreach (LossCell cell in report.Cells)
        {
            string lossOf = cell.Bursts ? Number(report.BadPercent!.Value, "0.##") + " bad" : Number(cell.LossPercent, "0.##");
            table.Row(cell.Fault is { } fault
                ? [cell.Policy, cell.Topology, lossOf, .. Enumerable.Repeat("-", 11 + LinkCounts.Names.Count), fault]
                :
                [
                    cell.Policy, cell.Topology, lossOf, Number(cell.TpotMs), Number(cell.TpotP50Ms), Number(cell.TpotP99Ms), Number(cell.TtftMs),
                    Number(cell.Ratio, "0.00"), Number(cell.OracleMs), Number(cell.OracleRelayedMs), Number(cell.ProcessorMsPerToken),
                    Number(cell.FramesPerToken, "0"), Number(cell.BytesPerToken, "0"), Number((double)cell.LostPackets / report.Tokens),
                    .. LinkCounts.Names.Select(name => Number(cell.ChunksPerToken?.GetValueOrDefault(name))), cell.SameText ? "same" : Number(cell.SameTokens, "0") + " same",
                ]);
        }

        console.Answer(table);
        console.Note($"{report.Boards} boards, {report.DelayMs:0.##} ms one way, {report.Model}; T0 {report.T0Ms:0.0} ms; {report.Cores} cores, load average "
            + $"{report.LoadBefore} before and {report.LoadAfter} after");
    }

    private static string Number(double? value, string format = "0.0") => value?.ToString(format, CultureInfo.InvariantCulture) ?? "-";

    private static Option<T[]> Several<T>(string name, string description, params (string Word, T Value)[] choices)
        where T : struct => new(name)
        {
            Description = $"{description} [default: {choices[0].Word}]",
            HelpName = string.Join(',', choices.Select(choice => choice.Word)),
            Arity = ArgumentArity.ExactlyOne,
            DefaultValueFactory = _ => [choices[0].Value],
            CustomParser = result => CommandOptions.Read(
                result, name, $"one or more of {string.Join(", ", choices.Select(choice => choice.Word))}, comma-separated", text =>
                {
                    int[] found = [.. text.Split(',').Select(word => Array.FindIndex(choices, choice => choice.Word == word))];
                    return (Array.TrueForAll(found, index => index >= 0), found.Where(index => index >= 0).Select(index => choices[index].Value).ToArray());
                }),
        };
}
