using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization;
using Halo.Cli.Hosting;
using Halo.Inference.Model;
using Halo.Inference.Probes;
using Halo.Silo;

namespace Halo.Cli.Bench;

/// <summary><c>halo bench load</c>: how long it takes from the start until a model answers, and how slow its first token is.</summary>
internal static class LoadCommand
{
    private const int Tokens = 24;

    internal static Command Create()
    {
        Option<string?> model = CommandOptions.Model();
        Option<int> threads = CommandOptions.Threads();
        Option<WeightMode> weights = CommandOptions.Weights();
        Option<bool> json = CommandOptions.Json();
        Command command = new("load", "Measure how long a model takes to load, and its first token beside later ones. Once in a process: what comes first is what is measured.")
        {
            model, threads, weights, json,
        };
        command.SetAction((parsed, cancellationToken) => RunAsync(
            CommandConsole.Of(parsed),
            ModelFile.Locate(parsed.GetValue(model)),
            new HaloClusterOptions { Boards = 1, Threads = parsed.GetValue(threads), Weights = parsed.GetValue(weights) },
            parsed.GetValue(json),
            cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(
        CommandConsole console, ModelFile file, HaloClusterOptions options, bool json, CancellationToken cancellationToken)
    {
        ForeignLoad load = ForeignLoad.Begin();
        options.KvPositions = ModelSession.KvPositions(1, Tokens + 2);
        long start = Stopwatch.GetTimestamp();
        await using ModelSession session = await ModelSession.StartAsync(file, options, console, cancellationToken);
        await ModelWarmUp.RunAsync(session.Scheduler, cancellationToken);
        double ready = Stopwatch.GetElapsedTime(start).TotalSeconds;
        PromptRun first = await PromptRun.OfAsync(session, 1, Tokens, 1, cancellationToken);
        PromptRun later = await PromptRun.OfAsync(session, 1, Tokens, 2, cancellationToken);
        using ModelReading reading = new(session.Model.Weights.File, options.Threads!.Value);
        Rounds limit = new();
        for (int round = 0; round < Rounds.Fewest; round++)
        {
            limit.Time(reading.Run);
        }

        LoadReport report = new(
            file.Path, options.Weights.ToString().ToLowerInvariant(), reading.Bytes, ready, ready / limit.Median,
            first.FirstSeconds * 1e3, later.TokenSeconds * 1e3, first.FirstSeconds / later.TokenSeconds, load.Cores());
        Print(console, report, json);
        return CommandHost.Success;
    }

    private static void Print(CommandConsole console, LoadReport report, bool json)
    {
        if (json)
        {
            console.Output.WriteLine(JsonSerializer.Serialize(report, LoadJson.Default.LoadReport));
            return;
        }

        TextTable table = new TextTable().Numbers("weights MB", "ready s", "x read loop", "first token ms", "later ms", "first to later");
        table.Row(
            $"{report.Bytes / 1e6:0.0}", $"{report.ReadySeconds:0.00}", $"{report.ReadLoops:0.0}", $"{report.FirstMs:0.0}", $"{report.LaterMs:0.0}", $"{report.FirstRatio:0.00}");
        console.Answer(table);
        console.Note($"other processes: {(report.ForeignCores is { } cores ? $"{cores:0.00} cores" : "not known")}");
    }
}

/// <summary>What was measured.</summary>
/// <param name="Model">The model file.</param>
/// <param name="Weights">Where the board computes from.</param>
/// <param name="Bytes">Bytes of weights that a token needs.</param>
/// <param name="ReadySeconds">From the start of the boards until the model is ready, warm-up included.</param>
/// <param name="ReadLoops">How many read loops over the weights take as long.</param>
/// <param name="FirstMs">The first token of a prompt of one.</param>
/// <param name="LaterMs">Later tokens of another sequence, on average.</param>
/// <param name="FirstRatio">First to later.</param>
/// <param name="ForeignCores">Cores that other processes kept busy meanwhile; null where that is not known.</param>
internal sealed record LoadReport(
    string Model, string Weights, long Bytes, double ReadySeconds, double ReadLoops, double FirstMs, double LaterMs, double FirstRatio, double? ForeignCores);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(LoadReport))]
internal sealed partial class LoadJson : JsonSerializerContext;
