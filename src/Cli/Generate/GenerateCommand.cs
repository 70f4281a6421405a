using System.CommandLine;
using Halo.Cli.Hosting;
using Halo.Inference.Sampling;
using Halo.Silo;

namespace Halo.Cli.Generate;

/// <summary><c>halo generate</c>: continues a text. The continuation alone goes to stdout.</summary>
internal static class GenerateCommand
{
    private const int DefaultBoards = 4;
    private const int DefaultMaxTokens = 200;

    private static readonly SamplingParameters s_defaults = new();

    internal static Command Create()
    {
        Argument<string> prompt = new("PROMPT") { Description = "The text to continue; '-' reads it from stdin, less a line end at its end." };
        Option<string?> model = CommandOptions.Model();
        Option<int?> boards = CommandOptions.OptionalNumber<int>(
            "--boards", $"Boards in this process. [default: {DefaultBoards}, or as many as --speed has numbers]", count => count is >= 1 and <= 64, "a whole number from 1 to 64");
        Option<TransportKind> transport = CommandOptions.Choice(
            "--transport", "How boards exchange partial sums: shared memory, or layer grains that add them up.",
            ("in-process", TransportKind.InProcess), ("grain-call", TransportKind.GrainCall));
        Option<int> threads = CommandOptions.Threads();
        Option<double[]> speeds = CommandOptions.NumberList<double>(
            "--speed", "Relative speeds of the boards, such as 1,2,4: a faster one gets more groups. [default: all alike]",
            [], speed => speed > 0 && double.IsFinite(speed), "numbers above 0, comma-separated, one for each board");
        Option<long?> memory = new("--memory-limit")
        {
            Description = "Memory of each board: bytes, 500M, 2G. [default: an equal share of this machine's]",
            HelpName = "BYTES",
            CustomParser = result => CommandOptions.Read(result, "--memory-limit", ByteCount.Needed, ByteCount.Read),
        };
        Option<int> maxTokens = CommandOptions.Number(
            "--max-tokens", "Tokens to generate at most.", DefaultMaxTokens, count => count >= 1, "a whole number, 1 or more");
        Option<string[]> stop = new("--stop") { Description = "Text that ends the generation and is not printed; may be given again.", HelpName = "TEXT" };
        SamplingChoices sampling = new();

        Command command = new("generate", "Continue a text.") { prompt, model, boards, transport, threads, speeds, memory, maxTokens, stop };
        sampling.AddTo(command);
        command.SetAction((parsed, cancellationToken) =>
        {
            double[] speedValues = parsed.GetValue(speeds)!;
            HaloClusterOptions options = new()
            {
                Boards = parsed.GetValue(boards) ?? (speedValues.Length > 0 ? speedValues.Length : DefaultBoards),
                Threads = parsed.GetValue(threads),
                Transport = parsed.GetValue(transport),
                BoardMemoryBytes = parsed.GetValue(memory),
                Speeds = [.. speedValues],
            };
            Generation generation = new(CommandConsole.Of(parsed), ModelFile.Locate(parsed.GetValue(model)), options, sampling.Of(parsed))
            {
                MaxTokens = parsed.GetValue(maxTokens),
                Stop = parsed.GetValue(stop) ?? [],
            };
            return generation.RunAsync(ReadPrompt(parsed.GetRequiredValue(prompt)), cancellationToken);
        });
        return command;
    }

    // What 'echo' appends is not part of the prompt.
    private static string ReadPrompt(string prompt)
    {
        if (prompt != "-")
        {
            return prompt;
        }

        string text = Console.In.ReadToEnd();
        return text.EndsWith("\r\n", StringComparison.Ordinal) ? text[..^2] : text.EndsWith('\n') ? text[..^1] : text;
    }

    /// <summary>The sampling options. Their ranges are those of <see cref="SamplingParameters"/>.</summary>
    private sealed class SamplingChoices
    {
        private readonly Option<float> _temperature = Number("--temperature", "0 takes the likeliest token always; higher is wilder.", s_defaults.Temperature);
        private readonly Option<int> _topK = Number("--top-k", "Only the K likeliest tokens; 0 for all.", s_defaults.TopK);
        private readonly Option<float> _topP = Number("--top-p", "Only the likeliest tokens that together reach this probability.", s_defaults.TopP);
        private readonly Option<float> _minP = Number("--min-p", "Only tokens at least this likely relative to the likeliest.", s_defaults.MinP);
        private readonly Option<float> _penalty = Number("--repetition-penalty", "Weakens tokens seen lately; 1 for none.", s_defaults.RepetitionPenalty);
        private readonly Option<ulong?> _seed = CommandOptions.OptionalNumber<ulong>(
            "--seed", "The same seed gives the same text. [default: a new one, shown on stderr]", _ => true, "a whole number from 0 to 18446744073709551615");

        internal void AddTo(Command command)
        {
            foreach (Option option in (Option[])[_temperature, _topK, _topP, _minP, _penalty, _seed])
            {
                command.Add(option);
            }
        }

        /// <exception cref="CommandFault">A value is out of its range; the message lists all that are.</exception>
        internal SamplingParameters Of(ParseResult parsed)
        {
            SamplingParameters sampling = new()
            {
                Temperature = parsed.GetValue(_temperature),
                TopK = parsed.GetValue(_topK),
                TopP = parsed.GetValue(_topP),
                MinP = parsed.GetValue(_minP),
                RepetitionPenalty = parsed.GetValue(_penalty),
                Seed = parsed.GetValue(_seed) ?? (ulong)Random.Shared.Next(),
            };
            return sampling.Validate() is { Count: > 0 } faults ? throw new CommandFault(string.Join(" ", faults)) : sampling;
        }

        private static Option<T> Number<T>(string name, string description, T fallback)
            where T : struct, System.Numerics.INumber<T> =>
            CommandOptions.Number(name, description, fallback, _ => true, fallback is int ? "a whole number" : "a number");
    }
}
