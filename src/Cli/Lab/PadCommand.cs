using System.CommandLine;
using Halo.Cli.Hosting;
using Halo.Inference.Gguf;
using Halo.Inference.Padding;
using Halo.Inference.Quantization;

namespace Halo.Cli.Lab;

/// <summary><c>halo lab pad</c>: writes a small model in the shape of a large one, for timings with text that can be checked.</summary>
internal static class PadCommand
{
    internal static Command Create()
    {
        Option<string?> model = CommandOptions.Model(required: true);
        Option<ModelShape> shape = new("--shape")
        {
            Description = $"Shape to pad to: {string.Join(", ", ModelShape.Names)}, or five numbers.",
            HelpName = "NAME|HIDDEN,FFN,LAYERS,HEADS,KV",
            Required = true,
            CustomParser = result =>
            {
                try
                {
                    return ModelShape.Parse(result.Tokens[0].Value);
                }
                catch (FormatException fault)
                {
                    result.AddError($"--shape: {fault.Message}");
                    return null!;
                }
            },
        };
        Option<TensorType> type = CommandOptions.Choice(
            "--type",
            "Type of the matrices.",
            ("f32", TensorType.F32),
            ("f16", TensorType.F16),
            ("q8_0", TensorType.Q8_0),
            ("q4_0", TensorType.Q4_0));
        Option<string> output = new("--out") { Description = "The GGUF file to write.", HelpName = "FILE", Required = true };
        Option<bool> force = new("--force") { Description = "Replace the file where there is one." };
        Command command = new("pad", "Pad a model with zeros to a larger shape: same text, real sizes, no claim on quality.")
        {
            model, shape, type, output, force,
        };
        command.SetAction((parsed, cancellationToken) => RunAsync(
            CommandConsole.Of(parsed),
            ModelFile.Locate(parsed.GetValue(model)),
            parsed.GetRequiredValue(shape),
            parsed.GetValue(type),
            CheckOutput(parsed.GetRequiredValue(output), parsed.GetRequiredValue(model)!, parsed.GetValue(force)),
            cancellationToken));
        return command;
    }

    private static string CheckOutput(string output, string model, bool force)
    {
        if (Path.GetFullPath(output) == Path.GetFullPath(model))
        {
            throw new CommandFault($"--out '{output}' is the model itself; name another file.");
        }

        if (Directory.Exists(output))
        {
            throw new CommandFault($"--out '{output}' is a directory; name a file in it.");
        }

        if (Path.GetDirectoryName(Path.GetFullPath(output)) is { } folder && !Directory.Exists(folder))
        {
            throw new CommandFault($"--out '{output}': there is no folder '{folder}'; make it first.");
        }

        return force || !File.Exists(output)
            ? output
            : throw new CommandFault($"'{output}' exists; name another file, or replace it with --force.");
    }

    private static async Task<int> RunAsync(
        CommandConsole console, ModelFile file, ModelShape shape, TensorType type, string output, CancellationToken cancellationToken)
    {
        try
        {
            await console.WithProgressAsync($"{file.Name} to {shape}", progress => Task.Run(
                () =>
                {
                    using GgufFile source = GgufFile.Open(file.Path);
                    ModelPadder.Pad(source, shape, type, output, progress, cancellationToken);
                    return output;
                },
                cancellationToken));
        }
        catch (ArgumentException fault)
        {
            throw new CommandFault(fault.Message);
        }

        using GgufFile padded = GgufFile.Open(output);
        long parameters = padded.TensorList.Sum(tensor => tensor.Columns * tensor.Rows);
        console.Note($"{output}: {parameters:N0} parameters, {padded.Length:N0} bytes; a padded model, for timing and traffic only");
        return CommandHost.Success;
    }
}
