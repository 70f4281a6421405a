using System.CommandLine;
using System.Text.Json;
using Halo.Cli.Hosting;
using Halo.Inference.Quantization;
using Halo.Silo;

namespace Halo.Cli.Eval;

/// <summary><c>halo eval choices</c>: how often a model finds the better of two sentences likelier.</summary>
internal static class ChoicesCommand
{
    private const int LongestSentence = 512; // tokens
    private const int MostInFlight = 64;

    internal static Command Create()
    {
        Option<string?> model = CommandOptions.Model(required: true);
        Option<string[]> pairs = new("--pairs")
        {
            Description = "Minimal pairs such as BLiMP's, UTF-8: a line each, the good sentence, a tab, the bad one. Gzip where the name ends in .gz. Several files may be given.",
            HelpName = "FILE",
            Required = true,
            Arity = ArgumentArity.OneOrMore,
            AllowMultipleArgumentsPerToken = true,
        };
        Option<int?> limit = CommandOptions.OptionalNumber<int>(
            "--limit", "Pairs of each file, from its beginning. [default: all]", count => count >= 1, "a whole number, 1 or more");
        Option<int> inFlight = CommandOptions.Number(
            "--in-flight",
            "Sentences scored at a time; with 1 the order of steps is always the same.",
            SequenceScorer.UsualInFlight,
            count => count is >= 1 and <= MostInFlight,
            $"a whole number from 1 to {MostInFlight}");
        Option<int> boards = CommandOptions.Boards(1);
        Option<int> threads = CommandOptions.Threads();
        Option<KvType> kvType = CommandOptions.KvType();
        NetworkChoices network = new();
        Option<bool> json = CommandOptions.Json();
        Command command = new("choices", "Choose between good and bad sentences.") { model, pairs, limit, inFlight, boards, threads, kvType, json };
        SimulatedChoices simulated = new();
        network.AddTo(command);
        simulated.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            ModelFile file = ModelFile.Locate(parsed.GetValue(model));
            NetworkSetting choices = network.Of(parsed);
            ChoicesSetting setting = new(
                parsed.GetRequiredValue(pairs),
                parsed.GetValue(limit),
                parsed.GetValue(inFlight),
                parsed.GetValue(boards),
                parsed.GetValue(threads),
                choices,
                await simulated.OfAsync(parsed, file, choices, cancellationToken))
            {
                KvType = parsed.GetValue(kvType),
            };
            return await RunAsync(CommandConsole.Of(parsed), file, setting, parsed.GetValue(json), cancellationToken);
        });
        return command;
    }

    private static async Task<int> RunAsync(
        CommandConsole console, ModelFile model, ChoicesSetting setting, bool json, CancellationToken cancellationToken)
    {
        PairFile[] files = [.. setting.Files.Select(path => PairFile.Read(path).First(setting.Limit))];
        int longest = Math.Min(LongestSentence, model.ReadConfig().ContextLength);
        HaloClusterOptions options = new()
        {
            Boards = setting.Boards,
            Threads = setting.Threads,
            KvPositions = ModelSession.KvPositions(setting.InFlight, longest),
            KvType = setting.KvType,
        };
        setting.Network.ApplyTo(options);
        setting.Simulated.ApplyTo(options, model.Name);
        await using ModelSession session = await ModelSession.StartAsync(model, options, console, cancellationToken);
        ChoicesRun run = new(session.Scheduler, setting.InFlight, session.Model.Tokenizer, longest);
        Choices choices = await console.WithProgressAsync("choices", progress => run.RunAsync(files, progress, cancellationToken));
        Print(console, ChoicesReport.Of(choices, model, setting), json);
        return CommandHost.Success;
    }

    private static void Print(CommandConsole console, ChoicesReport report, bool json)
    {
        if (json)
        {
            console.Output.WriteLine(JsonSerializer.Serialize(report, ChoicesJson.Default.ChoicesReport));
            return;
        }

        TextTable table = new TextTable().Words("file").Numbers("pairs", "accuracy", "standard error");
        foreach (ChoicesFileReport file in report.Files)
        {
            table.Row(Path.GetFileName(file.File), $"{file.Pairs:N0}", $"{file.Accuracy:0.0000}", $"{file.StandardError:0.0000}");
        }

        console.Answer(table.Row("all", $"{report.Pairs:N0}", $"{report.Accuracy:0.0000}", $"{report.StandardError:0.0000}"));
        console.Note($"{report.Tokens:N0} tokens scored in {report.Seconds:0.00} s; boards: {report.Boards}.");
    }
}
