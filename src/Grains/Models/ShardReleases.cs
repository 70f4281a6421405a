using Halo.Planning;
using Microsoft.Extensions.Logging;

namespace Halo.Grains.Models;

/// <summary>Ends shard grains that no plan has any more.</summary>
internal static class ShardReleases
{
    /// <summary>Releases shards; one that does not answer holds nothing up, and is gone with its silo.</summary>
    internal static Task ReleaseAsync(IGrainFactory grains, string model, IEnumerable<ShardId> shards, ILogger log) => Task.WhenAll(shards.Select(async shard =>
    {
        try
        {
            await grains.GetGrain<INeuronShardGrain>(GrainKeys.Shard(model, shard)).ReleaseAsync();
        }
        catch (Exception fault)
        {
            GrainsLog.ShardNotReleased(log, model, shard.ToString(), fault.Message);
        }
    }));
}
