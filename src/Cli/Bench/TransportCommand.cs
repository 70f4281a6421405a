using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Halo.Cli.Hosting;
using Halo.Cli.Lab;
using Halo.Fabric.Datagrams;
using Halo.Fabric.Streams;
using Halo.Fabric.Wire;
using Halo.Inference.Padding;

namespace Halo.Cli.Bench;

/// <summary>
/// <c>halo bench transport</c>: what a token costs over datagrams and over streams, on board processes of this machine. Both clusters run at once
/// and generate in turn, so that whatever else the machine does falls on both alike: only the ratios count.
/// </summary>
internal static class TransportCommand
{
    internal static Command Create()
    {
        Option<string?> model = CommandOptions.Model();
        Option<ModelShape> shape = LabOptions.Shape("Shape to pad the model to [default: as it is]");
        shape.Required = false;
        Option<int> boards = CommandOptions.Number("--boards", "Board processes, this one included.", 2, count => count is >= 2 and <= 16, "a whole number from 2 to 16");
        Option<Topology> topology = CommandOptions.Choice("--topology", "Who sends partial sums to whom.", ("mesh", Topology.Mesh), ("star", Topology.Star));
        Option<WireType> wire = CommandOptions.Choice("--wire", "How they travel.", ("f32", WireType.F32), ("f16", WireType.F16), ("q8", WireType.Q8));
        Option<DeliveryPolicy> policy = CommandOptions.Choice(
            "--policy", "What datagrams do against loss.", ("protected", DeliveryPolicy.Protected), ("strict", DeliveryPolicy.Strict));
        Option<int> tokens = CommandOptions.Number("--tokens", "Tokens of a round.", 60, count => count >= 2, "a whole number, 2 or more");
        Option<int> rounds = CommandOptions.Number("--rounds", "Rounds after the warm-up.", 10, count => count >= 1, "a whole number, 1 or more");
        Option<bool> json = CommandOptions.Json();
        Command command = new("transport", "Compare what a token costs over datagrams and over streams, on board processes of this machine.")
        {
            model, shape, boards, topology, wire, policy, tokens, rounds, json,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            CommandConsole console = CommandConsole.Of(parsed);
            ModelFile file = ModelFile.Locate(parsed.GetValue(model));
            TransportSetting setting = new(
                parsed.GetValue(boards), parsed.GetValue(topology), parsed.GetValue(wire), parsed.GetValue(policy), parsed.GetValue(shape),
                parsed.GetValue(tokens), parsed.GetValue(rounds));
            TransportReport report = await TransportBench.RunAsync(console, file, setting, cancellationToken);
            Print(console, report, parsed.GetValue(json));
            return CommandHost.Success;
        });
        return command;
    }

    private static void Print(CommandConsole console, TransportReport report, bool json)
    {
        if (json)
        {
            console.Output.WriteLine(JsonSerializer.Serialize(report, TransportJson.Default.TransportReport));
            return;
        }

        TextTable table = new TextTable().Words("transport").Numbers("TPOT ms", "CPU ms", "x TPOT", "x CPU", "least", "most").Words("text");
        table.Row("stream", Number(report.Stream.TpotMs), Number(report.Stream.ProcessorMs), "1.00", "1.00", "", "", "");
        table.Row(
            "datagram", Number(report.Datagram.TpotMs), Number(report.Datagram.ProcessorMs), Number(report.TpotRatio, "0.00"), Number(report.ProcessorRatio, "0.00"),
            Number(report.TpotRatios.Min(), "0.00"), Number(report.TpotRatios.Max(), "0.00"), report.SameText ? "same" : "DIFFERS");
        console.Answer(table);
        console.Note($"medians over {report.TpotRatios.Count} rounds of {report.Tokens} tokens; load average {report.LoadBefore} before and {report.LoadAfter} after");
    }

    private static string Number(double value, string format = "0.000") => value.ToString(format, CultureInfo.InvariantCulture);
}
