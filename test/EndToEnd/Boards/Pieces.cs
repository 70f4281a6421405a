using Halo.Boards;
using Halo.Boards.Weights;
using Halo.Grains;
using Halo.Inference.Model.Pieces;
using Halo.Planning.Assignment;
using Halo.Silo;

namespace Halo.EndToEnd.Tests.Boards;

/// <summary>What lies in a board's cache, and what should.</summary>
internal static class Pieces
{
    /// <summary>Finished pieces on a board's disk: name and bytes.</summary>
    internal static SortedDictionary<string, long> OnDisk(ClusterFolder folder, string board) =>
        new(Files(folder, board, "*.piece").ToDictionary(file => Path.GetFileNameWithoutExtension(file), file => new FileInfo(file).Length), StringComparer.Ordinal);

    /// <summary>Files of a board's cache.</summary>
    internal static string[] Files(ClusterFolder folder, string board, string pattern) => Directory.Exists(folder.CacheOf(board))
        ? Directory.GetFiles(folder.CacheOf(board), pattern, SearchOption.AllDirectories)
        : [];

    /// <summary>The pieces that a board needs for its part of the committed plan: name and bytes.</summary>
    internal static async Task<SortedDictionary<string, long>> OfPlanAsync(HaloCluster cluster, string model, string board, ClusterFolder folder)
    {
        Plan plan = (await cluster.Grains.GetGrain<IModelGrain>(model).GetPlanAsync()).ToPlan();
        LoadedModel loaded = cluster.Models.Open(model);
        ModelManifest manifest = ModelManifest.Of(model, new string('0', 64), loaded.Weights);
        ModelPieces pieces = new PieceCache(new PieceCacheOptions { Root = folder.CacheOf("none") }).Of(manifest);
        return new(
            plan.ShardsOf(board).SelectMany(shard => pieces.PiecesOf(shard.Slice)).ToDictionary(id => id.ToString(), id => PieceFormat.FileBytes(manifest, id)),
            StringComparer.Ordinal);
    }

    /// <summary>Bytes of weights that were sent to a board's process.</summary>
    internal static async Task<long> ReceivedAsync(HaloCluster cluster, string model, string board) =>
        (await cluster.Grains.GetGrain<IBoardGrain>(board).GetStatisticsAsync(model)).ReceivedWeightBytes;
}
