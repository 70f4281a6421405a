using System.CommandLine;
using System.Globalization;
using Halo.Cli.Hosting;
using Halo.Inference.Gguf;
using Halo.Inference.Padding;
using Halo.Inference.RandomModels;
using Halo.Silo;

namespace Halo.Cli.Lab;

/// <summary><c>halo lab random</c>: writes a model of a given shape with random weights, for timings where no real one is at hand.</summary>
internal static class RandomCommand
{
    private const int UsualTokens = 32_000;

    internal static Command Create()
    {
        Option<ModelShape> shape = LabOptions.Shape("The model's shape");
        Option<int?> vocabulary = CommandOptions.OptionalNumber<int>(
            "--vocab", $"Tokens of the vocabulary. [default: those of the model that the shape is named after, else {UsualTokens}]", count => count is >= 1 and <= RandomModelOptions.MostTokens,
            string.Create(CultureInfo.InvariantCulture, $"a whole number from 1 to {RandomModelOptions.MostTokens}"));
        Option<int> context = CommandOptions.Number(
            "--context", "Longest sequence, in positions.", 2048, count => count is >= 1 and <= RandomModelOptions.MostPositions,
            string.Create(CultureInfo.InvariantCulture, $"a whole number from 1 to {RandomModelOptions.MostPositions}"));
        Option<TypeMix> type = LabOptions.Type();
        Option<ulong> seed = CommandOptions.Number("--seed", "Same seed, same bytes.", 1ul, _ => true, "a whole number from 0");
        Option<string> output = LabOptions.Output();
        Option<bool> force = LabOptions.Force();
        Command command = new("random", "Write a model of random weights: real sizes without zeros, texts without meaning.")
        {
            shape, vocabulary, context, type, seed, output, force,
        };
        command.SetAction((parsed, cancellationToken) => RunAsync(
            CommandConsole.Of(parsed),
            new RandomModelOptions(
                parsed.GetRequiredValue(shape), parsed.GetValue(vocabulary) ?? parsed.GetRequiredValue(shape).PublishedVocabulary ?? UsualTokens, parsed.GetValue(context), parsed.GetValue(type), parsed.GetValue(seed)),
            LabOptions.CheckOutput(parsed.GetRequiredValue(output), BundledModel.Path, parsed.GetValue(force)),
            cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(CommandConsole console, RandomModelOptions options, string output, CancellationToken cancellationToken)
    {
        try
        {
            await console.WithProgressAsync($"random {options.Shape}", progress => Task.Run(
                () =>
                {
                    using GgufFile vocabulary = GgufFile.Open(BundledModel.Path);
                    RandomModel.Write(vocabulary, options, output, progress, cancellationToken);
                    return output;
                },
                cancellationToken));
        }
        catch (ArgumentException fault)
        {
            throw new CommandFault(fault.Message);
        }

        using GgufFile written = GgufFile.Open(output);
        long parameters = written.TensorList.Sum(tensor => tensor.Columns * tensor.Rows);
        console.Note($"{output}: {parameters:N0} parameters, {written.Length:N0} bytes; random weights, for timing and traffic only");
        return CommandHost.Success;
    }
}
