using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using Halo.Boards;
using Halo.Cli.Hosting;
using Halo.Cli.Lab.Loss;
using Halo.Inference.Model;
using Halo.Inference.Model.Streaming;
using Halo.Silo;

namespace Halo.Cli.Bench;

/// <summary>
/// <c>halo bench stream</c>: decode speed of one board whose memory is smaller than the model, against what its storage can deliver at most, with and
/// without the parts that streaming is made of.
/// </summary>
internal static class StreamCommand
{
    internal static Command Create()
    {
        Option<string?> model = CommandOptions.Model();
        Option<long> limit = new("--memory-limit")
        {
            HelpName = "BYTES",
            Description = "Memory that this process may take, such as 400M: less than the model.",
            Required = true,
            CustomParser = result => CommandOptions.Read(result, "--memory-limit", ByteCount.Needed, text => ByteCount.Read(text) is { Found: true, Bytes: { } bytes } ? (true, bytes) : default),
        };
        Option<bool> group = new("--control-group")
        {
            Description = "Measure in a control group of that size, page cache included; needs Linux and root.",
        };
        Option<string?> within = new("--within") { Hidden = true }; // the control group that this process was started in
        Option<int> threads = CommandOptions.Threads();
        Option<int> tokens = CommandOptions.Number("--tokens", "Tokens to decode in a round.", 16, count => count >= 1, "a whole number, 1 or more");
        Option<int> readers = CommandOptions.Number(
            "--readers", "Reads in flight.", StreamingOptions.UsualReaders, count => count is >= 1 and <= 64, "a whole number from 1 to 64");
        Option<double> share = CommandOptions.Number(
            "--load-share", "The share of the streamed neuron groups that is loaded, where some are left out.", 0.5, value => value is > 0 and <= 1, "a number above 0, up to 1");
        Option<double?> deadline = CommandOptions.OptionalNumber<double>(
            "--load-deadline-ms", "A round in which a stage waits no longer for its groups, in milliseconds.", value => value is > 0 and <= 60_000, "a number above 0, up to 60000");
        Option<string?> cache = new("--cache") { HelpName = "FOLDER", Description = $"Where the model's pieces are kept. [default: {CacheFolders.Default}]" };
        Option<bool> json = CommandOptions.Json();
        Command command = new("stream", "Decode with less memory than the model takes, and compare with what the storage delivers.")
        {
            model, limit, group, within, threads, tokens, readers, share, deadline, cache, json,
        };
        command.SetAction((parsed, cancellationToken) =>
        {
            CommandConsole console = CommandConsole.Of(parsed);
            if (parsed.GetValue(group) && parsed.GetValue(within) is null)
            {
                string[] arguments = [.. parsed.Tokens.Select(token => token.Value)];
                return RunInGroupAsync(console, parsed.GetValue(limit), arguments, cancellationToken);
            }

            StreamSetting setting = new(
                parsed.GetValue(limit), parsed.GetValue(threads), parsed.GetValue(tokens), parsed.GetValue(readers), parsed.GetValue(share),
                parsed.GetValue(deadline), parsed.GetValue(cache));
            return RunAsync(console, ModelFile.Locate(parsed.GetValue(model)), setting, parsed.GetValue(within), parsed.GetValue(json), cancellationToken);
        });
        return command;
    }

    private static async Task<int> RunAsync(
        CommandConsole console, ModelFile file, StreamSetting setting, string? within, bool json, CancellationToken cancellationToken)
    {
        // Small steps: their buffers are of the memory that is measured.
        using LoadedModel model = LoadedModel.Open(file.Name, file.Path, new StepLimits(MaxRows: 1, MaxLogitRows: 1, MaxSequences: 1));
        List<StreamResult> results = await new StreamBench(model, setting, StreamBench.BoardBytes(model, setting.MemoryLimit)).RunAsync(console.Note, cancellationToken);
        long? peak = within is null ? null : ControlGroup.At(within).PeakBytes;
        Print(console, new StreamReport(
            file.Path, model.Weights.File.Length, setting.MemoryLimit, within is not null, peak, setting.Threads, setting.Readers, setting.Tokens, results), json);
        return CommandHost.Success;
    }

    // The shell enters the group before it becomes this program: all of its memory counts.
    private static async Task<int> RunInGroupAsync(CommandConsole console, long limit, string[] arguments, CancellationToken cancellationToken)
    {
        if (ControlGroup.Missing() is { } reason)
        {
            throw new CommandFault(reason);
        }

        using ControlGroup group = ControlGroup.Create(limit);
        string program = typeof(StreamCommand).Assembly.Location;
        ProcessStartInfo start = new("/bin/sh", ["-c", "echo $$ > \"$0\" && exec \"$@\"", group.Members, LabProgram.Dotnet, program, .. arguments, "--within", group.Folder])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        try
        {
            Task<string> answer = process.StandardOutput.ReadToEndAsync(cancellationToken);
            while (await process.StandardError.ReadLineAsync(cancellationToken) is { } line)
            {
                console.Note(line);
            }

            await console.Output.WriteAsync(await answer);
            await process.WaitForExitAsync(cancellationToken);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill();
                await process.WaitForExitAsync(CancellationToken.None);
            }
        }

        return process.ExitCode <= byte.MaxValue && process.ExitCode != 137
            ? process.ExitCode
            : throw new CommandFault($"The process was ended by the system: {limit / 1e6:0.0} MB are too little for it. Give a larger --memory-limit.");
    }

    private static void Print(CommandConsole console, StreamReport report, bool json)
    {
        if (json)
        {
            console.Output.WriteLine(JsonSerializer.Serialize(report, StreamJson.Default.StreamReport));
            return;
        }

        TextTable table = new TextTable().Words("way").Numbers(
            "resident MB", "ring MB", "read MB/token", "read limit MB/s", "bound tok/s", "tok/s", "ratio", "waiting", "late/token", "left out/token");
        foreach (StreamResult result in report.Results)
        {
            table.Row(
                result.Way, $"{result.ResidentBytes / 1e6:0.0}", $"{result.RingBytes / 1e6:0.0}", $"{result.BytesPerToken / 1e6:0.0}", $"{result.ReadRate / 1e6:0}",
                $"{result.Bound:0.000}", $"{result.TokensPerSecond:0.000}", $"{result.Ratio:0.000}", $"{result.WaitShare:0.00}", $"{result.LatePieces:0.0}",
                $"{result.LeftOutPieces:0.0}");
        }

        console.Answer(table);
        string held = report.ControlGroup ? $"held to it by a control group, of which at most {report.PeakBytes / 1e6:0.0} MB were taken" : "not held to it by a control group";
        console.Note($"model {report.ModelBytes / 1e6:0.0} MB, memory {report.MemoryLimit / 1e6:0.0} MB, {held}");
    }
}
