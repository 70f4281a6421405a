using System.CommandLine;
using System.Text.Json;
using Halo.Cli.Calibrate.Regroup;
using Halo.Cli.Hosting;
using Halo.Cli.Lab;
using Halo.Inference.Quantization;

namespace Halo.Cli.Calibrate;

/// <summary><c>halo calibrate</c>: learns from texts which groups of a model matter when.</summary>
internal static class CalibrateCommand
{
    private const int MostTokens = 100_000_000;

    internal static Command Create()
    {
        Option<string?> model = CommandOptions.Model(required: true);
        Option<string> text = TextOption("--text", "Text to learn from, UTF-8; gzip where the name ends in .gz.", required: true);
        Option<string> output = new("--out", "--output") { Description = "The importance file to write (.halo).", HelpName = "FILE", Required = true };
        Option<int> tokens = TokenCount("--tokens", "Tokens to fit on, at most.", 60_000);
        Option<double> heldOut = CommandOptions.Number(
            "--held-out", "Share of the text that is kept for the measurements.", 0.1, share => share is > 0 and < 1, "a number between 0 and 1");
        Option<string> heldOutText = TextOption("--held-out-text", "A text of its own for the measurements, instead of a share.", required: false);
        Option<int> heldOutTokens = TokenCount("--held-out-tokens", "Tokens to measure on, at most.", 10_000);
        Option<int> seed = CommandOptions.Number("--seed", "Which stories are taken; same seed, same file.", 1, value => value >= 0, "a whole number from 0");
        Option<int?> rank = CommandOptions.OptionalNumber<int>(
            "--rank",
            "Rank of the feed-forwards' predictors. [default: as large as is cheap beside the feed-forward]",
            value => value is >= 1 and <= 1024,
            "a whole number from 1 to 1024");
        Option<int> surrogates = CommandOptions.Number(
            "--surrogates", "Rank of stand-ins for single groups; 0 makes none.", 0, value => value is >= 0 and <= 256, "a whole number from 0 to 256");
        Option<string> regroup = new("--regroup")
        {
            Description = "First write the model with its groups in a new order, by importance, to this GGUF file; the importance is then that file's.",
            HelpName = "FILE",
        };
        Option<TensorKeeping> requantize = CommandOptions.Choice(
            "--requantize",
            "With --regroup: type of the written matrices, for a model in F32, F16 or BF16.",
            ("keep", TensorKeeping.Keep),
            ("q8_0", TensorKeeping.Q8_0),
            ("q4_0", TensorKeeping.Q4_0));
        Option<int> threads = CommandOptions.Threads();
        Option<bool> force = LabOptions.Force();
        Option<bool> json = CommandOptions.Json();
        Command command = new("calibrate", "Learn from a text which parts of a model matter when.")
        {
            model, text, output, tokens, heldOut, heldOutText, heldOutTokens, seed, rank, surrogates, regroup, requantize, threads, force, json,
        };
        command.SetAction((parsed, cancellationToken) =>
        {
            string modelPath = parsed.GetRequiredValue(model)!;
            ModelFile file = ModelFile.Locate(modelPath);
            CalibrateSetting setting = new(
                parsed.GetRequiredValue(text),
                LabOptions.CheckOutput(parsed.GetRequiredValue(output), modelPath, parsed.GetValue(force)),
                parsed.GetValue(tokens),
                parsed.GetValue(heldOut),
                parsed.GetValue(heldOutText),
                parsed.GetValue(heldOutTokens),
                parsed.GetValue(seed),
                parsed.GetValue(rank),
                parsed.GetValue(surrogates),
                parsed.GetValue(threads));
            RegroupSetting? order = parsed.GetValue(regroup) is { } target
                ? new RegroupSetting(CheckRegroup(target, setting.Output, modelPath, parsed.GetValue(force)), TypeOf(parsed.GetValue(requantize)))
                : null;
            if (order is null && parsed.GetValue(requantize) != TensorKeeping.Keep)
            {
                throw new CommandFault("--requantize says how --regroup writes the model; give --regroup a file.");
            }

            return RunAsync(CommandConsole.Of(parsed), file, setting, order, parsed.GetValue(json), cancellationToken);
        });
        return command;
    }

    private static async Task<int> RunAsync(
        CommandConsole console, ModelFile file, CalibrateSetting setting, RegroupSetting? order, bool json, CancellationToken cancellationToken)
    {
        IReadOnlyList<RegroupReport>? regrouped = null;
        if (order is not null)
        {
            regrouped = await RegroupAsync(console, file, setting, order, cancellationToken);
            file = ModelFile.Locate(order.Output);
        }

        using CalibrationModel model = new(file.Path, setting.Threads);
        CalibrationText text = CalibrationText.Read(setting, model.Tokenizer, model.Config.ContextLength);
        CalibrationRun run = new(model, setting, text);
        CalibrationResult result = await WorkAsync(console, $"calibrate {file.Name}", progress => run.Run(progress, cancellationToken), cancellationToken);
        if (result.Resumed > 0)
        {
            console.Note($"Went on after {result.Resumed:N0} of {text.Fitting.Count:N0} sequences, from {setting.Output}.partial.");
        }

        CalibrationReport report = CalibrationReport.Of(file.Path, setting, result, regrouped);
        if (json)
        {
            console.Output.WriteLine(JsonSerializer.Serialize(report, CalibrationJson.Default.CalibrationReport));
        }
        else
        {
            CalibrationTables.Print(console, report);
        }

        console.Note($"{setting.Output}: {new FileInfo(setting.Output).Length:N0} bytes, for {file.Path}");
        return CommandHost.Success;
    }

    private static async Task<IReadOnlyList<RegroupReport>> RegroupAsync(
        CommandConsole console, ModelFile file, CalibrateSetting setting, RegroupSetting order, CancellationToken cancellationToken)
    {
        using CalibrationModel model = new(file.Path, setting.Threads);
        CalibrationText text = CalibrationText.Read(setting, model.Tokenizer, model.Config.ContextLength);
        RegroupRun run = new(model, text, order, setting.Threads);
        return await WorkAsync(console, $"regroup {file.Name}", progress => run.Run(progress, cancellationToken), cancellationToken);
    }

    // Numbers that are not finite, or a type that a matrix cannot be written in, come to light on the way.
    private static async Task<T> WorkAsync<T>(CommandConsole console, string what, Func<IProgress<double>, T> work, CancellationToken cancellationToken)
    {
        try
        {
            return await console.WithProgressAsync(what, progress => Task.Run(() => work(progress), cancellationToken));
        }
        catch (ArgumentException fault)
        {
            throw new CommandFault($"{what}: {fault.Message}");
        }
    }

    private static string CheckRegroup(string target, string output, string model, bool force)
    {
        if (Path.GetFullPath(target) == Path.GetFullPath(output))
        {
            throw new CommandFault($"--regroup and --out are both '{target}'; the model and its importance are two files.");
        }

        return LabOptions.CheckOutput(target, model, force, "--regroup");
    }

    private static TensorType? TypeOf(TensorKeeping keeping) => keeping switch
    {
        TensorKeeping.Q8_0 => TensorType.Q8_0,
        TensorKeeping.Q4_0 => TensorType.Q4_0,
        _ => null,
    };

    private static Option<string> TextOption(string name, string description, bool required) =>
        new(name) { Description = description, HelpName = "FILE", Required = required };

    private static Option<int> TokenCount(string name, string description, int fallback) => CommandOptions.Number(
        name, description, fallback, count => count is >= 2 and <= MostTokens, FormattableString.Invariant($"a whole number from 2 to {MostTokens}"));

    private enum TensorKeeping
    {
        Keep,
        Q8_0,
        Q4_0,
    }
}
