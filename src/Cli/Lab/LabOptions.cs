using System.CommandLine;
using Halo.Cli.Hosting;
using Halo.Inference.Padding;

namespace Halo.Cli.Lab;

/// <summary>Options of the commands that write model files.</summary>
internal static class LabOptions
{
    internal static Option<ModelShape> Shape(string description) => new("--shape")
    {
        Description = $"{description}: {string.Join(", ", ModelShape.Names)}, or five numbers.",
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

    internal static Option<TypeMix> Type()
    {
        string words = string.Join("|", TypeMix.All).ToLowerInvariant();
        return new Option<TypeMix>("--type")
        {
            Description = "Type of the matrices; q4_k_m and q5_k_m: Q6_K for the head and part of attn_v and ffn_down, as published files have. [default: f32]",
            HelpName = words,
            CustomParser = result => CommandOptions.Read(
                result, "--type", $"one of {words}", text => (TypeMix.TryParse(text, out TypeMix mix), mix)),
        };
    }

    internal static Option<string> Output() => new("--out", "--output") { Description = "The GGUF file to write.", HelpName = "FILE", Required = true };

    internal static Option<bool> Force() => new("--force") { Description = "Replace the file where there is one." };

    /// <summary>Checks where a file shall be written, before any work.</summary>
    /// <param name="output">The file.</param>
    /// <param name="model">The model that is read meanwhile.</param>
    /// <param name="force">Whether a file may be replaced.</param>
    /// <param name="option">The option that named the file.</param>
    /// <exception cref="CommandFault">It cannot be written there.</exception>
    internal static string CheckOutput(string output, string model, bool force, string option = "--out")
    {
        if (Path.GetFullPath(output) == Path.GetFullPath(model))
        {
            throw new CommandFault($"{option} '{output}' is the model itself; name another file.");
        }

        if (Directory.Exists(output))
        {
            throw new CommandFault($"{option} '{output}' is a directory; name a file in it.");
        }

        if (Path.GetDirectoryName(Path.GetFullPath(output)) is { } folder && !Directory.Exists(folder))
        {
            throw new CommandFault($"{option} '{output}': there is no folder '{folder}'; make it first.");
        }

        return force || !File.Exists(output)
            ? output
            : throw new CommandFault($"'{output}' exists; name another file, or replace it with --force.");
    }
}
