using System.CommandLine;
using Halo.Cli.Hosting;
using Halo.Grains;
using Halo.Inference.Model;
using Halo.Inference.Quantization;
using Halo.Silo;

namespace Halo.Cli.Generate;

/// <summary><c>halo generate</c>: continues a text. The continuation alone goes to stdout.</summary>
internal static class GenerateCommand
{
    private const int DefaultMaxTokens = 200;

    internal static Command Create()
    {
        Argument<string> prompt = new("PROMPT")
        {
            Description = "The text to continue; '-' reads it from stdin, less a line end at its end.",
        };
        Option<string?> model = CommandOptions.Model();
        Option<int?> boards = CommandOptions.SessionBoards();
        Option<TransportKind> transport = CommandOptions.Transport(
            "How boards exchange partial sums: shared memory, layer grains that add them up, TCP, or UDP. Boards of other processes: TCP unless UDP is chosen.");
        Option<int> threads = CommandOptions.Threads();
        Option<long?> memory = CommandOptions.MemoryLimit();
        Option<WeightMode> weights = CommandOptions.Weights();
        Option<KvType> kvType = CommandOptions.KvType();
        Option<int> maxTokens = CommandOptions.Number(
            "--max-tokens", "Tokens to generate at most.", DefaultMaxTokens, count => count >= 1, "a whole number, 1 or more");
        Option<string[]> stop = new("--stop")
        {
            Description = "Text that ends the generation and is not printed; may be given again.",
            HelpName = "TEXT",
        };
        Option<int> speculate = new("--speculate")
        {
            Description = "Tokens guessed ahead, which save steps where they are right: none, as many as pay, or so many. The text stays the same. [default: auto]",
            HelpName = "off|auto|N",
            DefaultValueFactory = _ => Speculation.Auto,
            CustomParser = result => CommandOptions.Read(
                result, "--speculate", Speculation.Needed, text => (Speculation.TryParse(text, out int drafts), drafts)),
        };
        NetworkChoices network = new();
        SamplingChoices sampling = new();

        Command command = new("generate", "Continue a text.")
        {
            prompt, model, boards, transport, threads, memory, weights, kvType, maxTokens, stop, speculate,
        };
        network.AddTo(command);
        sampling.AddTo(command);
        command.SetAction((parsed, cancellationToken) =>
        {
            NetworkSetting others = network.Of(parsed);
            HaloClusterOptions options = new()
            {
                Boards = CommandOptions.BoardCount(parsed.GetValue(boards), others),
                Threads = parsed.GetValue(threads),
                Transport = parsed.GetValue(transport),
                BoardMemoryBytes = parsed.GetValue(memory),
                Weights = parsed.GetValue(weights),
                KvType = parsed.GetValue(kvType),
                Speculate = parsed.GetValue(speculate),
            };
            others.ApplyTo(options);
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
}
