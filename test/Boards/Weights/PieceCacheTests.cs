using Halo.Boards.Weights;
using Halo.Inference.Model.Pieces;
using Halo.Planning;
using Halo.Planning.Assignment;

namespace Halo.Boards.Tests.Weights;

public sealed class PieceCacheTests
{
    [Fact]
    public async Task StoreAsync_WhenFull_EvictsWhatWasNotUsedForLongest()
    {
        using CacheSet set = new();
        long piece = PieceFormat.FileBytes(set.Manifest, CacheSet.Neurons(0));
        ModelPieces pieces = set.Open(3 * piece).Of(set.Manifest);
        await set.SendAsync(pieces, Ids(0, 1, 2));

        // 0 is used again and 1 is in use, so 2 goes, then 0.
        pieces.TryOpen(CacheSet.Neurons(0))!.Dispose();
        using (PieceFile? mapped = pieces.TryOpen(CacheSet.Neurons(1)))
        {
            await set.SendAsync(pieces, CacheSet.Neurons(3));
            Assert.Equal([0, 1, 3], Here(set));
            await set.SendAsync(pieces, CacheSet.Neurons(4));
            Assert.Equal([1, 3, 4], Here(set));
        }

        // Free again, but used last: the files say so to the next process, too.
        PieceCache next = set.Open(3 * piece);
        await set.SendAsync(next.Of(set.Manifest), CacheSet.Neurons(5));
        Assert.Equal([1, 4, 5], Here(set));
        Assert.Equal((1, 1), (next.Statistics.StoredPieces, next.Statistics.EvictedPieces));
    }

    [Fact]
    public async Task StoreAsync_OfAnotherModel_EvictsAcrossModels()
    {
        using CacheSet set = new();
        long piece = PieceFormat.FileBytes(set.Manifest, CacheSet.Neurons(0));
        PieceCache cache = set.Open(2 * piece);
        await set.SendAsync(cache.Of(set.Manifest), Ids(0, 1));

        ModelManifest other = ModelManifest.Of("other", new string('b', 64), set.Weights, CacheSet.SingleGroups);
        await using Stream content = new PieceCutter(set.Weights, other).Open(CacheSet.Neurons(0));
        await cache.Of(other).StoreAsync(CacheSet.Neurons(0), content, CancellationToken.None);
        Assert.Equal([1], Here(set));
        using PieceFile? stored = cache.Of(other).TryOpen(CacheSet.Neurons(0));
        Assert.NotNull(stored);
    }

    [Fact]
    public async Task StoreAsync_WhenAllIsInUseOrWanted_SaysTheNumbersAndKeepsAll()
    {
        using CacheSet set = new();
        long piece = PieceFormat.FileBytes(set.Manifest, CacheSet.Neurons(0));
        ModelPieces pieces = set.Open(3 * piece + 100).Of(set.Manifest);
        await set.SendAsync(pieces, Ids(0, 1, 2));
        using PieceFile? mapped = pieces.TryOpen(CacheSet.Neurons(0));
        ShardSlice wanted = new(ShardId.Parse("0/feed-forward-0"), 1, 3);
        Assert.Equal(Ids(3), pieces.Missing(wanted));

        NoRoomException fault = await Assert.ThrowsAsync<NoRoomException>(() => set.SendAsync(pieces, CacheSet.Neurons(3)));
        Assert.Contains("no room for piece 0-feed-forward-3-1 of tales", fault.Message, StringComparison.Ordinal);
        Assert.Contains($"{Megabytes(3 * piece)} of pieces are in use", fault.Message, StringComparison.Ordinal);
        Assert.Equal([0, 1, 2], Here(set));

        pieces.Release(wanted);
        await set.SendAsync(pieces, CacheSet.Neurons(3));
        Assert.Equal([0, 2, 3], Here(set));
    }

    [Fact]
    public async Task CheckRoom_PartTooLargeBesideWhatIsInUse_SaysTheNumbers()
    {
        using CacheSet set = new();
        long piece = PieceFormat.FileBytes(set.Manifest, CacheSet.Neurons(0));
        ModelPieces pieces = set.Open(3 * piece).Of(set.Manifest);
        await set.SendAsync(pieces, Ids(0, 1));
        ShardSlice three = new(ShardId.Parse("0/feed-forward-0"), 1, 3);
        pieces.CheckRoom([three], "the part"); // 0 may go, and 1 is of the part

        using PieceFile? mapped = pieces.TryOpen(CacheSet.Neurons(0));
        NoRoomException fault = Assert.Throws<NoRoomException>(() => pieces.CheckRoom([three], "the part"));
        Assert.StartsWith($"There is no room for the part in {set.Root}: it takes {Megabytes(3 * piece)} of pieces, {Megabytes(piece)} of others", fault.Message, StringComparison.Ordinal);
        Assert.Contains($"{Megabytes(3 * piece)} are the most", fault.Message, StringComparison.Ordinal);
        Assert.Equal([0, 1], Here(set));
    }

    [Fact]
    public async Task ReleaseAll_AfterAPlanWasGivenUp_LetsItsPiecesGo()
    {
        using CacheSet set = new();
        long piece = PieceFormat.FileBytes(set.Manifest, CacheSet.Neurons(0));
        ModelPieces pieces = set.Open(2 * piece).Of(set.Manifest);
        Assert.Equal(Ids(0, 1), pieces.Missing(new ShardSlice(ShardId.Parse("0/feed-forward-0"), 0, 2)));
        await set.SendAsync(pieces, Ids(0, 1));
        await Assert.ThrowsAsync<NoRoomException>(() => set.SendAsync(pieces, CacheSet.Neurons(2)));
        pieces.ReleaseAll();
        await set.SendAsync(pieces, CacheSet.Neurons(2));
        Assert.Equal([1, 2], Here(set));
    }

    [Fact]
    public async Task StoreAsync_OnAFullVolume_StaysWithinWhatIsFree()
    {
        using CacheSet set = new();
        long piece = PieceFormat.FileBytes(set.Manifest, CacheSet.Neurons(0));
        await set.SendAsync(set.Open(10 * piece).Of(set.Manifest), Ids(0, 1));
        ModelPieces pieces = set.Open(10 * piece, freeBytes: piece - 1).Of(set.Manifest);
        await set.SendAsync(pieces, CacheSet.Neurons(2));
        Assert.Equal([1, 2], Here(set));
    }

    [Fact]
    public async Task StoreAsync_OfRandomPieces_NeverPassesTheBound()
    {
        using CacheSet set = new();
        Random random = new(3);
        long piece = PieceFormat.FileBytes(set.Manifest, CacheSet.Neurons(0));
        long most = 5 * piece + piece / 2;
        PieceCache cache = set.Open(most);
        ModelPieces pieces = cache.Of(set.Manifest);
        for (int round = 0; round < 100; round++)
        {
            int count = random.Next(1, 4);
            PieceId id = new(PieceKind.FeedForward, random.Next(2), random.Next(4), count);
            await set.SendAsync(pieces, id);
            using PieceFile? stored = pieces.TryOpen(id);
            Assert.NotNull(stored);
            Assert.InRange(Directory.GetFiles(set.Root, "*", SearchOption.AllDirectories).Sum(file => new FileInfo(file).Length), piece, most);
        }

        Assert.InRange(cache.Statistics.EvictedPieces, 10, 100);
    }

    [Fact]
    public async Task TryOpen_FileThatAnotherProcessEvicted_IsMissingAndWhatIsMappedStays()
    {
        using CacheSet set = new();
        long piece = PieceFormat.FileBytes(set.Manifest, CacheSet.Neurons(0));
        ModelPieces first = set.Open(2 * piece).Of(set.Manifest);
        await set.SendAsync(first, Ids(0, 1));
        using PieceFile? mapped = first.TryOpen(CacheSet.Neurons(0));
        ModelPieces second = set.Open(2 * piece).Of(set.Manifest);
        await set.SendAsync(second, Ids(2, 3));
        Assert.Equal([2, 3], Here(set));

        mapped!.CheckPayload();
        Assert.Null(first.TryOpen(CacheSet.Neurons(1)));
        Assert.Null(first.TryOpen(CacheSet.Neurons(0)));
        using PieceFile? found = first.TryOpen(CacheSet.Neurons(2));
        Assert.NotNull(found);
        Assert.Empty(set.Damaged);
    }

    [Fact]
    public async Task Open_WithoutABound_TakesMostOfTheVolume()
    {
        using CacheSet set = new();
        Assert.Equal(900, set.Open(freeBytes: 1000).MaxBytes);
        await set.SendAsync(set.Open().Of(set.Manifest), CacheSet.Neurons(0));
        long piece = PieceFormat.FileBytes(set.Manifest, CacheSet.Neurons(0));
        Assert.Equal((long)(0.9 * (1000 + piece)), set.Open(freeBytes: 1000).MaxBytes);
        Assert.InRange(new PieceCache(new PieceCacheOptions { Root = set.Root }).MaxBytes, 1, long.MaxValue);
        Assert.Throws<ArgumentOutOfRangeException>(() => set.Open(maxBytes: -1));
    }

    [Fact]
    public async Task StoreAsync_SamePieceFromManyAtOnce_IsThereOnce()
    {
        using CacheSet set = new();
        ModelPieces pieces = set.Open().Of(set.Manifest);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => set.SendAsync(pieces, Ids(0, 1, 2)))));
        Assert.Equal([0, 1, 2], Here(set));
        Assert.Empty(set.Parts);
        Assert.All(Ids(0, 1, 2), id => pieces.TryOpen(id)!.Dispose());
    }

    private static string Megabytes(long bytes) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{bytes / 1e6:0.0} MB");

    private static PieceId[] Ids(params int[] groups) => [.. groups.Select(CacheSet.Neurons)];

    // The groups of the pieces on disk.
    private static int[] Here(CacheSet set) =>
    [
        .. Directory.GetFiles(Path.Combine(set.Root, set.Manifest.Sha256), "*.piece")
            .Select(file => PieceId.TryParse(Path.GetFileNameWithoutExtension(file), out PieceId id) ? id.FirstGroup : -1)
            .Order(),
    ];
}
