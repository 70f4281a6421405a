using System.CommandLine;
using System.Text.Json;
using Halo.Cli.Hosting;
using Halo.Inference.Kernels;
using Halo.Inference.Kernels.Panels;
using Halo.Inference.Quantization;
using Halo.Inference.Threading;
using Halo.Silo;

namespace Halo.Cli.Bench.Kernels;

/// <summary><c>halo bench kernels</c>: matrix products of each weight type beside a read loop over the same bytes.</summary>
internal static class KernelsCommand
{
    private const int MostElements = 1 << 20;

    internal static Command Create()
    {
        Option<TensorType[]> types = new("--types")
        {
            Description = $"Weight types, comma-separated: {TensorTypes.SupportedNames}. [default: all]",
            HelpName = "LIST",
            CustomParser = result => CommandOptions.Read(result, "--types", $"types of {TensorTypes.SupportedNames}, comma-separated", ReadTypes),
        };
        Option<int> rows = CommandOptions.Number("--rows", "Outputs of a matrix.", 5632, Fits, $"a whole number from 1 to {MostElements}");
        Option<int> columns = CommandOptions.Number("--columns", "Inputs of a matrix.", 2048, Fits, $"a whole number from 1 to {MostElements}");
        Option<int> tokens = CommandOptions.Number("--tokens", "Rows of activations: 1 is decoding, more a prompt.", 1, count => count is >= 1 and <= 512, "a whole number from 1 to 512");
        Option<int> threads = CommandOptions.Threads();
        Option<int> rounds = CommandOptions.Number("--rounds", "Rounds after the warm-up.", 11, count => count >= Rounds.Fewest, $"a whole number, {Rounds.Fewest} or more");
        Option<long?> bytes = new("--bytes")
        {
            Description = "Weights to go through in a round, as copies of the matrix: 256M is cold memory, 1 is one copy, in the caches where it fits. [default: 256M]",
            HelpName = "BYTES",
            CustomParser = result => CommandOptions.Read(result, "--bytes", ByteCount.Needed, ByteCount.Read),
        };
        Option<bool> json = CommandOptions.Json();
        Command command = new("kernels", "Measure matrix products of each weight type as ratios to what the machine can read.")
        {
            types, rows, columns, tokens, threads, rounds, bytes, json,
        };
        command.SetAction((parsed, cancellationToken) => RunAsync(
            CommandConsole.Of(parsed),
            new KernelSetting(
                parsed.GetValue(types) is { Length: > 0 } some ? some : [.. Enum.GetValues<TensorType>().Where(TensorTypes.IsSupported)],
                parsed.GetValue(rows),
                parsed.GetValue(columns),
                parsed.GetValue(tokens),
                parsed.GetValue(threads),
                parsed.GetValue(rounds),
                parsed.GetValue(bytes) ?? 256 << 20),
            parsed.GetValue(json),
            cancellationToken));
        return command;
    }

    private static bool Fits(int count) => count is >= 1 and <= MostElements;

    private static (bool Found, TensorType[] Types) ReadTypes(string text)
    {
        List<TensorType> types = [];
        foreach (string name in text.Split(',', StringSplitOptions.TrimEntries))
        {
            if (!Enum.TryParse(name, ignoreCase: true, out TensorType type) || !TensorTypes.IsSupported(type) || char.IsAsciiDigit(name[0]))
            {
                return (false, []);
            }

            types.Add(type);
        }

        return (true, [.. types]);
    }

    private static async Task<int> RunAsync(CommandConsole console, KernelSetting setting, bool json, CancellationToken cancellationToken)
    {
        foreach (TensorType type in setting.Types.Where(type => setting.Columns % TensorTypes.BlockColumns(type) != 0))
        {
            throw new CommandFault($"--columns is {setting.Columns}; {type} needs whole blocks of {TensorTypes.BlockColumns(type)}. Give another number, or --types without it.");
        }

        KernelReport report = await console.WithProgressAsync("kernels", progress => Task.Run(() => Measure(setting, progress, cancellationToken), cancellationToken));
        if (json)
        {
            console.Output.WriteLine(JsonSerializer.Serialize(report, KernelJson.Default.KernelReport));
        }
        else
        {
            Print(console, report);
        }

        return CommandHost.Success;
    }

    private static KernelReport Measure(KernelSetting setting, IProgress<double> progress, CancellationToken cancellation)
    {
        using WorkerTeam team = new(setting.Threads, "bench", spin: true);
        KernelBench bench = new(setting, team);
        ForeignLoad load = ForeignLoad.Begin();
        double barrier = bench.BarrierNs();
        (TensorType Type, WeightLayout Layout)[] cases =
        [
            .. setting.Types.SelectMany(type => PanelLayout.Has(type)
                ? new[] { (type, WeightLayout.Panels), (type, WeightLayout.File) }
                : [(type, WeightLayout.File)]),
        ];
        List<KernelResult> results = [];
        foreach ((TensorType type, WeightLayout layout) in cases)
        {
            results.Add(bench.Measure(type, layout, cancellation));
            progress.Report((double)results.Count / cases.Length);
        }

        return new KernelReport(
            KernelSelector.Description, setting.Rows, setting.Columns, setting.Tokens, setting.Threads, setting.Rounds, barrier, load.Cores(), results);
    }

    private static void Print(CommandConsole console, KernelReport report)
    {
        TextTable table = new TextTable().Words("type", "layout").Numbers("limit GB/s", "median GB/s", "best GB/s", "GFLOP/s", "ratio to limit", "best ratio");
        foreach (KernelResult result in report.Results)
        {
            table.Row(
                result.Type, result.Layout, $"{result.LimitGBs:0.0}", $"{result.GBs:0.0}", $"{result.BestGBs:0.0}", $"{result.GFlops:0}",
                $"{result.Ratio:0.00}", $"{result.BestRatio:0.00}");
        }

        console.Answer(table);
        console.Note($"{report.Kernels}; {report.Rows} x {report.Columns}, {report.Tokens} token(s), {report.Threads} thread(s), {report.Rounds} rounds");
        console.Note($"an empty round of the team: {report.BarrierNs:0} ns; other processes: "
            + (report.ForeignCores is { } cores ? $"{cores:0.00} cores" : "not known"));
    }
}
