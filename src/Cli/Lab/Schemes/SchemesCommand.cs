using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Halo.Cli.Hosting;
using Halo.Cli.Lab.Loss;
using Halo.Fabric.Wire;
using Halo.Lab;
using Halo.Lab.Net;

namespace Halo.Cli.Lab.Schemes;

/// <summary><c>halo lab halo</c>: speed and quality of the ways to hold out against loss, from the same steps.</summary>
internal static class SchemesCommand
{
    internal static Command Create()
    {
        LinkChoices links = new();
        Option<double[]> loss = CommandOptions.NumberList<double>(
            "--loss", "Percentages of packets lost, each on its own; a cell each. 0 is always measured, as T0.", [0, 1, 3, 5, 10, 15],
            LinkChoices.IsPercent, "percentages from 0 to 100, comma-separated");
        Option<string?> model = CommandOptions.Model();
        Option<string> text = new("--text") { Description = "Stories to score, one token a step.", HelpName = "FILE", Required = true };
        Option<string?> importance = new("--importance") { Description = "What 'halo calibrate' wrote of the model.", HelpName = "FILE.halo" };
        Option<WireType> wire = CommandOptions.Choice("--wire", "How sums travel.", ("f16", WireType.F16), ("f32", WireType.F32), ("q8", WireType.Q8));
        Option<string[]> schemes = new("--schemes")
        {
            Description = $"What to compare. [default: all of {string.Join(',', SchemeList.Names)}]",
            HelpName = "NAME,...",
            Arity = ArgumentArity.ExactlyOne,
            DefaultValueFactory = _ => [.. SchemeList.Names],
            CustomParser = result => CommandOptions.Read(
                result, "--schemes", $"one or more of {string.Join(", ", SchemeList.Names)}, comma-separated",
                names => (names.Split(',').All(name => SchemeList.Names.Contains(name)), names.Split(','))),
        };
        Option<int> tokens = CommandOptions.Number("--tokens", "Tokens of a cell.", 600, count => count >= 2, "a whole number, 2 or more");
        Option<int> limit = CommandOptions.Number(
            "--cell-limit", "Seconds after which a cell is content with the tokens it has.", 60, seconds => seconds is >= 1 and <= 86_400,
            "a whole number of seconds from 1 to 86400");
        Option<string?> results = new("--results") { Description = "Write the cells there as JSON, CSV and SVG curves.", HelpName = "FOLDER" };
        Option<bool> json = CommandOptions.Json();
        Command command = new("halo", "Measure speed and perplexity on boards whose links lose packets, scheme by scheme. Needs root.")
        {
            loss, schemes, wire, model, importance, text, tokens, limit, results, json,
        };
        links.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            CommandConsole console = CommandConsole.Of(parsed);
            if (LabRights.Missing() is { } missing)
            {
                throw new CommandFault(missing);
            }

            SchemesSetting setting = new(
                links.Of(parsed),
                [.. parsed.GetValue(loss)!.Prepend(0).Distinct()],
                [.. parsed.GetValue(schemes)!.Select(SchemeList.Of)],
                parsed.GetValue(wire),
                parsed.GetRequiredValue(text),
                parsed.GetValue(importance),
                parsed.GetValue(tokens),
                TimeSpan.FromSeconds(parsed.GetValue(limit)));
            try
            {
                SchemesExperiment experiment = new(console, ModelFile.Locate(parsed.GetValue(model)), setting);
                IReadOnlyList<SchemeCell> cells = await experiment.RunAsync(cancellationToken);
                if (parsed.GetValue(results) is { } folder)
                {
                    console.Note($"written: {string.Join(", ", SchemesFiles.Write(folder, cells))}");
                }

                Print(console, cells, parsed.GetValue(json));
                return CommandHost.Success;
            }
            catch (LabException fault)
            {
                throw new CommandFault(fault.Message);
            }
        });
        return command;
    }

    private static void Print(CommandConsole console, IReadOnlyList<SchemeCell> cells, bool json)
    {
        if (json)
        {
            console.Output.WriteLine(JsonSerializer.Serialize(cells, SchemesJson.Default.IReadOnlyListSchemeCell));
            return;
        }

        TextTable table = new TextTable().Words("scheme").Numbers("loss", "tokens", "TPOT ms", "p50", "p99", "TTFT ms", "x T0", "TCP / it", "low RTO / it", "PPL", "x one board", "+-", "CPU ms", "frames")
            .Numbers([.. LinkCounts.Names]);
        foreach (SchemeCell cell in cells)
        {
            table.Row(cell.Fault is { } fault
                ? [cell.Scheme, cell.Loss, fault, .. Enumerable.Repeat("-", 12 + LinkCounts.Names.Count)]
                :
                [
                    cell.Scheme, cell.Loss, Number(cell.Tokens, "0"), Number(cell.TpotMs), Number(cell.TpotP50Ms), Number(cell.TpotP99Ms), Number(cell.TtftMs),
                    Number(cell.Ratio, "0.00"), Number(cell.SpeedUp, "0.00"), Number(cell.SpeedUpLowRto, "0.00"), Number(cell.Perplexity, "0.000"),
                    Number(cell.PerplexityRatio, "0.0000"), Number(cell.PerplexityRatioError, "0.0000"), Number(cell.ProcessorMsPerToken), Number(cell.FramesPerToken, "0"),
                    .. LinkCounts.Names.Select(name => Number(cell.ChunksPerToken?.GetValueOrDefault(name))),
                ]);
        }

        console.Answer(table);
    }

    private static string Number(double? value, string format = "0.0") => value?.ToString(format, CultureInfo.InvariantCulture) ?? "-";
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(IReadOnlyList<SchemeCell>))]
internal sealed partial class SchemesJson : JsonSerializerContext;
