using System.CommandLine;
using Halo.Cli.Hosting;
using Halo.Inference.Gguf;
using Halo.Inference.Padding;

namespace Halo.Cli.Lab;

/// <summary><c>halo lab pad</c>: writes a small model in the shape of a large one, for timings with text that can be checked.</summary>
internal static class PadCommand
{
    internal static Command Create()
    {
        Option<string?> model = CommandOptions.Model(required: true);
        Option<ModelShape> shape = LabOptions.Shape("Shape to pad to");
        Option<TypeMix> type = LabOptions.Type();
        Option<string> output = LabOptions.Output();
        Option<bool> force = LabOptions.Force();
        Command command = new("pad", "Pad a model with zeros to a larger shape: same text, real sizes, no claim on quality.")
        {
            model, shape, type, output, force,
        };
        command.SetAction((parsed, cancellationToken) => RunAsync(
            CommandConsole.Of(parsed),
            ModelFile.Locate(parsed.GetValue(model)),
            parsed.GetRequiredValue(shape),
            parsed.GetValue(type),
            LabOptions.CheckOutput(parsed.GetRequiredValue(output), parsed.GetRequiredValue(model)!, parsed.GetValue(force)),
            cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(
        CommandConsole console, ModelFile file, ModelShape shape, TypeMix type, string output, CancellationToken cancellationToken)
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
