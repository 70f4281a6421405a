using System.Text.Json;
using System.Text.Json.Serialization;
using Halo.Cli.Hosting;
using Halo.Planning.Importance;

namespace Halo.Cli.Planning;

/// <summary>Where the command gets importance from.</summary>
internal static partial class ImportanceSource
{
    /// <summary>Reads a model's importance: <c>modelHash</c>, <c>hiddenSize</c>, and <c>stages</c> with the <c>mean</c> of each group.</summary>
    /// <exception cref="CommandFault">There is no such file, or it holds no importance.</exception>
    internal static ModelImportance Read(string path)
    {
        if (!File.Exists(path))
        {
            throw new CommandFault($"There is no file '{path}'; give --importance the path of what calibration wrote.");
        }

        try
        {
            using FileStream file = File.OpenRead(path);
            return JsonSerializer.Deserialize(file, ImportanceJson.Default.ModelImportance) ?? throw new JsonException("it is null");
        }
        catch (JsonException fault)
        {
            throw new CommandFault($"{path} holds no importance: {fault.Message}");
        }
    }

    [JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true)]
    [JsonSerializable(typeof(ModelImportance))]
    private sealed partial class ImportanceJson : JsonSerializerContext;
}
