using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization;
using Halo.Cli.Hosting;
using Halo.Inference.Kernels;
using Halo.Inference.Model;
using Halo.Inference.Probes;
using Halo.Silo;

namespace Halo.Cli.Bench;

/// <summary><c>halo bench prefill</c>: how fast prompts of several lengths are read on one board.</summary>
internal static class PrefillCommand
{
    internal static Command Create()
    {
        Option<string?> model = CommandOptions.Model();
        Option<int[]> lengths = CommandOptions.NumberList("--prompt", "Lengths of prompts, in tokens.", [64, 256], count => count >= 1, "whole numbers from 1, comma-separated");
        Option<int> threads = CommandOptions.Threads();
        Option<WeightMode> weights = CommandOptions.Weights();
        Option<int> rounds = CommandOptions.Number("--rounds", "Rounds after the warm-up.", 9, count => count >= 1, "a whole number, 1 or more");
        Option<bool> json = CommandOptions.Json();
        Command command = new("prefill", "Measure how fast prompts are read, beside one pass of a read loop over the weights.")
        {
            model, lengths, threads, weights, rounds, json,
        };
        command.SetAction((parsed, cancellationToken) => RunAsync(
            CommandConsole.Of(parsed),
            ModelFile.Locate(parsed.GetValue(model)),
            parsed.GetValue(lengths)!,
            parsed.GetValue(rounds),
            new HaloClusterOptions { Boards = 1, Threads = parsed.GetValue(threads), Weights = parsed.GetValue(weights) },
            parsed.GetValue(json),
            cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(
        CommandConsole console, ModelFile file, int[] lengths, int rounds, HaloClusterOptions options, bool json, CancellationToken cancellationToken)
    {
        int context = file.ReadConfig().ContextLength;
        if (lengths.Max() > context - 1)
        {
            throw new CommandFault($"--prompt has {lengths.Max()}; the model's context of {context} has room for {context - 1} and a token.");
        }

        int threads = options.Threads!.Value;
        options.KvPositions = ModelSession.KvPositions(1, lengths.Max() + 1);
        await using ModelSession session = await ModelSession.StartAsync(file, options, console, cancellationToken);
        using ModelReading reading = new(session.Model.Weights.File, threads);
        Rounds limit = new();
        Rounds[] times = [.. lengths.Select(_ => new Rounds())];
        ForeignLoad load = ForeignLoad.Begin();
        await console.WithProgressAsync("prefill", async progress =>
        {
            for (int round = 0; round <= rounds; round++)
            {
                for (int i = 0; i < lengths.Length; i++)
                {
                    PromptRun run = await PromptRun.OfAsync(session, lengths[i], 1, (round * lengths.Length) + i, cancellationToken);
                    (round > 0 ? times[i] : new Rounds()).Add(run.FirstSeconds);
                }

                (round > 0 ? limit : new Rounds()).Time(reading.Run);
                progress.Report((round + 1.0) / (rounds + 1));
            }

            return true;
        });
        double parameters = session.Model.Weights.File.TensorList.Where(tensor => tensor.Name != "token_embd.weight").Sum(tensor => (double)tensor.Columns * tensor.Rows);
        PrefillReport report = new(
            file.Path, threads, KernelSelector.Description, load.Cores(), limit.Median * 1e3,
            [.. lengths.Select((length, i) => new PrefillResult(
                length, length / times[i].Median, length / times[i].Best, 2 * parameters * length / times[i].Median / 1e9, times[i].Median / limit.Median))]);
        Print(console, report, json);
        return CommandHost.Success;
    }

    private static void Print(CommandConsole console, PrefillReport report, bool json)
    {
        if (json)
        {
            console.Output.WriteLine(JsonSerializer.Serialize(report, PrefillJson.Default.PrefillReport));
            return;
        }

        TextTable table = new TextTable().Numbers("prompt", "median tok/s", "best tok/s", "GFLOP/s", "x read loop");
        foreach (PrefillResult result in report.Results)
        {
            table.Row($"{result.Prompt}", $"{result.Median:0.0}", $"{result.Best:0.0}", $"{result.GFlops:0}", $"{result.ReadLoops:0.0}");
        }

        console.Answer(table);
        console.Note($"{report.Kernels}; a read loop over the weights takes {report.ReadMs:0.0} ms; other processes: "
            + (report.ForeignCores is { } cores ? $"{cores:0.00} cores" : "not known"));
    }
}

/// <summary>What was measured.</summary>
/// <param name="Model">The model file.</param>
/// <param name="Threads">Compute threads.</param>
/// <param name="Kernels">The instruction tier and why it was taken.</param>
/// <param name="ForeignCores">Cores that other processes kept busy meanwhile; null where that is not known.</param>
/// <param name="ReadMs">Median time of a read loop over the weights, with the same threads.</param>
/// <param name="Results">One for each length.</param>
internal sealed record PrefillReport(
    string Model, int Threads, string Kernels, double? ForeignCores, double ReadMs, IReadOnlyList<PrefillResult> Results);

/// <summary>Prompts of one length, from the request to the first token.</summary>
/// <param name="Prompt">Tokens.</param>
/// <param name="Median">Tokens a second, the median round.</param>
/// <param name="Best">The fastest round.</param>
/// <param name="GFlops">Multiplications and additions with weights, median, in 10^9 a second; of the LM head only the last token needs its part.</param>
/// <param name="ReadLoops">How many read loops over the weights take as long: the least that is possible is 1.</param>
internal sealed record PrefillResult(int Prompt, double Median, double Best, double GFlops, double ReadLoops);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(PrefillReport))]
internal sealed partial class PrefillJson : JsonSerializerContext;
