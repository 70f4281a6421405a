using System.Globalization;
using Halo.Planning;

namespace Halo.Grains;

/// <summary>How grain keys are made: a model's name, then what the grain stands for, parted by slashes.</summary>
public static class GrainKeys
{
    /// <summary>The key of a shard grain.</summary>
    public static string Shard(string model, ShardId shard) => $"{model}/{shard}";

    /// <summary>The key of a layer grain.</summary>
    public static string Layer(string model, int layer) => string.Create(CultureInfo.InvariantCulture, $"{model}/{layer}");

    /// <summary>The key of a request's generation grain.</summary>
    /// <param name="model">The model it asks for.</param>
    /// <param name="request">Names the request, without a slash.</param>
    public static string Generation(string model, string request) => $"{model}/{request}";

    /// <summary>The model's name at the start of a key of a model, scheduler, layer or generation grain.</summary>
    public static string ModelOf(string key) => key.LastIndexOf('/') is var slash && slash < 0 ? key : key[..slash];

    /// <summary>The layer in a layer grain's key.</summary>
    public static int LayerOf(string key) => int.Parse(key[(key.LastIndexOf('/') + 1)..], CultureInfo.InvariantCulture);

    /// <summary>Model and shard in a shard grain's key.</summary>
    /// <exception cref="FormatException">The key is not one of a shard.</exception>
    public static (string Model, ShardId Shard) ShardOf(string key)
    {
        string[] parts = key.Split('/');
        return parts.Length >= 3
            ? (string.Join('/', parts[..^2]), ShardId.Parse($"{parts[^2]}/{parts[^1]}"))
            : throw new FormatException($"'{key}' is no shard grain's key; expected model/layer/kind-index.");
    }
}
