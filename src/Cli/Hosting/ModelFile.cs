using Halo.Inference.Gguf;
using Halo.Inference.Model;
using Halo.Silo;

namespace Halo.Cli.Hosting;

/// <summary>A model file that a command was given.</summary>
/// <param name="Name">The name it is served under and shown as.</param>
/// <param name="Path">The file.</param>
internal sealed record ModelFile(string Name, string Path)
{
    /// <summary>Finds the file; null is the bundled model.</summary>
    /// <exception cref="CommandFault">There is no such file.</exception>
    internal static ModelFile Locate(string? path)
    {
        if (path is null)
        {
            return new ModelFile(BundledModel.Name, BundledModel.Path);
        }

        return File.Exists(path) || Directory.Exists(path)
            ? new ModelFile(System.IO.Path.GetFileNameWithoutExtension(path), path)
            : throw new CommandFault($"There is no file '{path}'; give --model the path of a .gguf file.");
    }

    /// <summary>Reads the model's shape, before any board is set up for it.</summary>
    /// <exception cref="GgufFormatException">The file is no model that can be run.</exception>
    internal ModelConfig ReadConfig()
    {
        using GgufFile file = GgufFile.Open(Path);
        return ModelConfig.Read(file);
    }
}
