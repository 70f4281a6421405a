using Halo.Boards.Weights;
using Halo.Planning.Importance;
using Halo.Silo;

namespace Halo.Cli.Hosting;

/// <summary>Where commands get a model's importance from.</summary>
internal static class ImportanceSource
{
    /// <summary>Reads what <c>halo calibrate</c> wrote.</summary>
    /// <exception cref="CommandFault">There is no such file, or it holds no importance.</exception>
    internal static ModelImportance Read(string path)
    {
        if (!File.Exists(path))
        {
            throw new CommandFault($"There is no file '{path}'; give --importance the path of what 'halo calibrate' wrote.");
        }

        try
        {
            using FileStream file = File.OpenRead(path);
            return ImportanceFile.Read(file);
        }
        catch (ImportanceFormatException fault)
        {
            throw new CommandFault($"{path} holds no importance: {fault.Message}");
        }
    }

    /// <summary>Reads it for a model: from the file named, or from one with the model's own name and the ending .halo beside it.</summary>
    /// <param name="path">The file; null for the one beside the model, if there is any.</param>
    /// <param name="model">The model.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Null where none was named and none is there.</returns>
    /// <exception cref="CommandFault">There is no such file, it holds no importance, or that of another model.</exception>
    internal static async Task<ModelImportance?> FindAsync(string? path, ModelFile model, CancellationToken cancellationToken)
    {
        string beside = Path.ChangeExtension(model.Path, ".halo");
        if (path is null && !File.Exists(beside))
        {
            return null;
        }

        ModelImportance importance = Read(path ?? beside);
        string hash = await ModelFileHash.ComputeAsync(model.Path, CacheFolders.Default, progress: null, cancellationToken);
        return importance.ModelHash == hash
            ? importance
            : throw new CommandFault($"{path ?? beside} was made for another model file than {model.Path}: run 'halo calibrate --model {model.Path}' anew.");
    }
}
