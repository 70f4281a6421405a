namespace Halo.Grains;

/// <summary>Tells what the cluster consists of, to those that are not part of it; its key does not matter.</summary>
[Alias("halo.cluster")]
public interface IClusterGrain : IGrainWithStringKey
{
    /// <summary>The boards whose silos are not dead, and the models whose files they have.</summary>
    [Alias("status")]
    Task<ClusterStatus> GetStatusAsync();
}

/// <summary>What the cluster consists of.</summary>
/// <param name="Boards">Its boards, sorted by name.</param>
/// <param name="Models">Its models, sorted by name.</param>
[GenerateSerializer, Immutable, Alias("halo.cluster-status")]
public sealed record ClusterStatus([property: Id(0)] BoardPresence[] Boards, [property: Id(1)] ModelPresence[] Models);

/// <summary>A board of the cluster.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Address">Its control endpoint; empty where it has none.</param>
/// <param name="IsActive">Whether its silo takes grains: not before it has joined, nor once it is leaving.</param>
/// <param name="Cores">Compute threads.</param>
/// <param name="BytesPerSecond">Measured rate at which it streams weights, in bytes per second.</param>
/// <param name="MemoryBytes">Memory for shards, KV and buffers, in bytes.</param>
[GenerateSerializer, Immutable, Alias("halo.board-presence")]
public sealed record BoardPresence(
    [property: Id(0)] string Name,
    [property: Id(1)] string Address,
    [property: Id(2)] bool IsActive,
    [property: Id(3)] int Cores,
    [property: Id(4)] double BytesPerSecond,
    [property: Id(5)] long MemoryBytes);

/// <summary>A model of the cluster.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Holders">Boards that have its file, any of which can be its head board.</param>
/// <param name="HeadBoard">The head board, as far as the silo that answered knows; empty before the first plan.</param>
[GenerateSerializer, Immutable, Alias("halo.model-presence")]
public sealed record ModelPresence([property: Id(0)] string Name, [property: Id(1)] string[] Holders, [property: Id(2)] string HeadBoard);
