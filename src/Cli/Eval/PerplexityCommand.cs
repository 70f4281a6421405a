using System.CommandLine;
using System.Text.Json;
using Halo.Cli.Hosting;
using Halo.Inference.Model;
using Halo.Inference.Quantization;
using Halo.Inference.Tokenization;
using Halo.Silo;

namespace Halo.Cli.Eval;

/// <summary><c>halo eval perplexity</c>: how surprised a model is by a text.</summary>
internal static class PerplexityCommand
{
    private const int DefaultContext = 512;

    internal static Command Create()
    {
        Option<string?> model = CommandOptions.Model(required: true);
        Option<string> text = new("--text")
        {
            Description = "The text, UTF-8; gzip where the name ends in .gz.",
            HelpName = "FILE",
            Required = true,
        };
        Option<int?> context = CommandOptions.OptionalNumber<int>(
            "--context",
            $"Tokens of a window or, at most, of a story. [default: {DefaultContext}, or the model's context where that is less]",
            length => length >= 4,
            "a whole number, 4 or more");
        Option<int?> chunks = CommandOptions.OptionalNumber<int>(
            "--chunks", "Windows or stories to score. [default: all]", count => count >= 1, "a whole number, 1 or more");
        Option<ScoringProtocol> protocol = CommandOptions.Choice(
            "--protocol",
            "Windows of the whole text as llama.cpp cuts them, or each story on its own.",
            ("windows", ScoringProtocol.Windows),
            ("stories", ScoringProtocol.Stories));
        Option<int> boards = CommandOptions.Boards(1);
        Option<int> threads = CommandOptions.Threads();
        Option<WeightMode> weights = CommandOptions.Weights();
        Option<KvType> kvType = CommandOptions.KvType();
        NetworkChoices network = new();
        SimulatedChoices simulated = new();
        Option<bool> json = CommandOptions.Json();
        Command command = new("perplexity", "Score a text.") { model, text, context, chunks, protocol, boards, threads, weights, kvType, json };
        network.AddTo(command);
        simulated.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            ModelFile file = ModelFile.Locate(parsed.GetValue(model));
            NetworkSetting choices = network.Of(parsed);
            PerplexitySetting setting = new(
                parsed.GetRequiredValue(text),
                parsed.GetValue(context),
                parsed.GetValue(chunks),
                parsed.GetValue(protocol),
                parsed.GetValue(boards),
                parsed.GetValue(threads),
                choices,
                await simulated.OfAsync(parsed, file, choices, cancellationToken))
            {
                Weights = parsed.GetValue(weights),
                KvType = parsed.GetValue(kvType),
            };
            return await RunAsync(CommandConsole.Of(parsed), file, setting, parsed.GetValue(json), cancellationToken);
        });
        return command;
    }

    private static async Task<int> RunAsync(
        CommandConsole console, ModelFile file, PerplexitySetting setting, bool json, CancellationToken cancellationToken)
    {
        int context = CheckContext(setting.Context, file.ReadConfig());
        string text = TextFile.Read(setting.Text);
        HaloClusterOptions options = new()
        {
            Boards = setting.Boards,
            Threads = setting.Threads,
            KvPositions = ModelSession.KvPositions(PerplexityRun.SequencesInFlight, context),
            Weights = setting.Weights,
            KvType = setting.KvType,
        };
        setting.Network.ApplyTo(options);
        setting.Simulated.ApplyTo(options, file.Name);
        await using ModelSession session = await ModelSession.StartAsync(file, options, console, cancellationToken);
        ITokenizer tokenizer = session.Model.Tokenizer;
        IReadOnlyList<ScoredPiece> pieces = setting.Protocol == ScoringProtocol.Windows
            ? WindowCutter.Cut(tokenizer, text, context, setting.Chunks)
            : StoryCutter.Cut(tokenizer, text, context, setting.Chunks);
        if (setting.Chunks > pieces.Count)
        {
            console.Note($"The text has {pieces.Count} chunks of the {setting.Chunks} asked for; all of them are scored.");
        }

        // Losses are drawn step by step: the same only where the steps are.
        PerplexityRun run = new(session.Scheduler, pieces, setting.Simulated.Loss is null ? PerplexityRun.SequencesInFlight : 1);
        Perplexity score = await console.WithProgressAsync("perplexity", progress => run.RunAsync(progress, cancellationToken));
        Perplexity? lossFree = setting.Simulated.Loss is null ? null : await LossFreeAsync(console, file, options, pieces, cancellationToken);
        Print(console, PerplexityReport.Of(score, lossFree, file, setting, context, pieces.Count), json);
        return CommandHost.Success;
    }

    // The same text on one board, which misses nothing.
    private static async Task<Perplexity> LossFreeAsync(
        CommandConsole console, ModelFile file, HaloClusterOptions options, IReadOnlyList<ScoredPiece> pieces, CancellationToken cancellationToken)
    {
        HaloClusterOptions alone = new() { Boards = 1, Threads = options.Threads, KvPositions = options.KvPositions, Weights = options.Weights, KvType = options.KvType };
        await using ModelSession session = await ModelSession.StartAsync(file, alone, console, cancellationToken);
        PerplexityRun run = new(session.Scheduler, pieces, PerplexityRun.SequencesInFlight);
        return await console.WithProgressAsync("loss-free", progress => run.RunAsync(progress, cancellationToken));
    }

    private static int CheckContext(int? asked, ModelConfig config)
    {
        int context = asked ?? Math.Min(DefaultContext, config.ContextLength);
        return context <= config.ContextLength
            ? context
            : throw new CommandFault($"--context is {context}; {config.Name} has a context of {config.ContextLength} tokens.");
    }

    private static void Print(CommandConsole console, PerplexityReport report, bool json)
    {
        if (json)
        {
            console.Output.WriteLine(JsonSerializer.Serialize(report, PerplexityJson.Default.PerplexityReport));
            return;
        }

        // One value a line: side by side they are wider than a terminal.
        TextTable table = new TextTable().Words("measure").Numbers("value")
            .Row("perplexity", $"{report.Perplexity:0.0000}")
            .Row("standard error", $"{report.StandardError:0.0000}")
            .Row("nats per token", $"{report.Nll:0.00000}")
            .Row("tokens scored", $"{report.Tokens:N0}")
            .Row($"chunks ({report.Protocol})", $"{report.Chunks:N0}")
            .Row("context", $"{report.Context}")
            .Row("boards", $"{report.Boards}")
            .Row("seconds", $"{report.Seconds:0.00}");
        if (report.LossFree is { } lossFree)
        {
            table.Row("loss-free perplexity", $"{lossFree.Perplexity:0.0000}").Row("ratio", $"{lossFree.Ratio:0.0000}").Row("its standard error", $"{lossFree.RatioError:0.0000}");
        }

        console.Answer(table);
    }
}
