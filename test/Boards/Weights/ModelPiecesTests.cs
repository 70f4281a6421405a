using Halo.Boards.Weights;
using Halo.Inference.Model;
using Halo.Inference.Model.Pieces;
using Halo.Planning;
using Halo.Planning.Assignment;
using Halo.Planning.Profiles;

namespace Halo.Boards.Tests.Weights;

public sealed class ModelPiecesTests
{
    [Fact]
    public async Task StoreAsync_OfAllMissingPieces_LeavesNoneMissingAndLoads()
    {
        using CacheSet set = new();
        PieceCache cache = set.Open();
        ModelPieces pieces = cache.Of(set.Manifest);
        ShardSlice slice = new(ShardId.Parse("0/feed-forward-1"), 2, 3);
        IReadOnlyList<PieceId> missing = pieces.Missing(slice);
        Assert.Equal([CacheSet.Neurons(2), CacheSet.Neurons(3), CacheSet.Neurons(4)], missing);

        await set.SendAsync(pieces, missing[0], missing[2]);
        Assert.Equal([missing[1]], pieces.Missing(slice));
        using PieceWeights weights = pieces.Weights();
        string message = Assert.Throws<PieceException>(() => weights.LoadFeedForward(0, 2, 3)).Message;
        Assert.Contains("Piece 0-feed-forward-3-1 of tales is not on this board", message, StringComparison.Ordinal);

        await set.SendAsync(pieces, missing);
        Assert.Empty(pieces.Missing(slice));
        weights.LoadFeedForward(0, 2, 3).Dispose();
        Assert.Equal((3, 3 * PieceFormat.FileBytes(set.Manifest, missing[0])), (cache.Statistics.StoredPieces, cache.Statistics.StoredBytes));
        Assert.Empty(set.Parts);
        Assert.Equal(set.Cut(missing[0]), await File.ReadAllBytesAsync(set.PathOf(missing[0])));
    }

    [Fact]
    public async Task TryOpen_ByteChangedOnDisk_LosesThatPieceAlone()
    {
        using CacheSet set = new();
        PieceId[] ids = [CacheSet.Neurons(0), CacheSet.Neurons(1), new(PieceKind.Attention, 0, 0, 1), new(PieceKind.Vocabulary, -1, 0, 1)];
        await set.SendAsync(set.Open().Of(set.Manifest), ids);
        byte[] good = await File.ReadAllBytesAsync(set.PathOf(ids[1]));
        foreach (int at in new[] { 0, 8, 16, 50, 64, 72, 104, 150, 200, 4000, 4096, 4097, good.Length / 2, good.Length - 1 })
        {
            byte[] bad = [.. good];
            bad[at] ^= 1;
            await File.WriteAllBytesAsync(set.PathOf(ids[1]), bad);
            set.Damaged.Clear();

            // Each time as a process that starts anew.
            PieceCache cache = set.Open();
            ModelPieces pieces = cache.Of(set.Manifest);
            Assert.Null(pieces.TryOpen(ids[1]));
            Assert.False(File.Exists(set.PathOf(ids[1])));
            Assert.Contains("Piece 0-feed-forward-1-1 of tales", Assert.Single(set.Damaged), StringComparison.Ordinal);
            Assert.Equal(1, cache.Statistics.DamagedPieces);
            Assert.Equal([ids[1]], pieces.Missing(new ShardSlice(ShardId.Parse("0/feed-forward-0"), 0, 2)));
            foreach (PieceId other in ids.Where(id => id != ids[1]))
            {
                using PieceFile? piece = pieces.TryOpen(other);
                Assert.NotNull(piece);
            }

            await set.SendAsync(pieces, ids[1]);
            Assert.Equal(good, await File.ReadAllBytesAsync(set.PathOf(ids[1])));
        }
    }

    [Fact]
    public async Task TryOpen_CutShort_IsMissing()
    {
        using CacheSet set = new();
        PieceId id = CacheSet.Neurons(0);
        foreach (int length in new[] { 0, 100, 4096, 5000 })
        {
            await set.SendAsync(set.Open().Of(set.Manifest), id);
            using (FileStream file = File.OpenWrite(set.PathOf(id)))
            {
                file.SetLength(length);
            }

            Assert.Null(set.Open().Of(set.Manifest).TryOpen(id));
            Assert.Contains($"has {length} bytes", set.Damaged[^1], StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task TryOpen_SecondTimeInAProcess_TrustsTheFirstCheck()
    {
        using CacheSet set = new();
        PieceId id = CacheSet.Neurons(0);
        await set.SendAsync(set.Open().Of(set.Manifest), id);
        ModelPieces pieces = set.Open().Of(set.Manifest);
        pieces.TryOpen(id)!.Dispose();
        byte[] bad = await File.ReadAllBytesAsync(set.PathOf(id));
        bad[^1] ^= 1;
        await File.WriteAllBytesAsync(set.PathOf(id), bad);
        pieces.TryOpen(id)!.Dispose();
        Assert.Null(set.Open().Of(set.Manifest).TryOpen(id));
    }

    [Fact]
    public async Task StoreAsync_OfSomethingElse_IsRefusedAndKeepsNothing()
    {
        using CacheSet set = new();
        ModelPieces pieces = set.Open().Of(set.Manifest);
        PieceId id = CacheSet.Neurons(0);
        byte[] good = set.Cut(id);
        Dictionary<string, byte[]> hostile = new()
        {
            ["another piece"] = set.Cut(CacheSet.Neurons(1)),
            ["0 of 4096"] = [],
            ["no whole header"] = good[..4000],
            [$"{good.Length - 1} of {good.Length} bytes"] = good[..^1],
            ["more than its"] = [.. good, 0],
            ["came damaged"] = [.. good[..^1], (byte)(good[^1] ^ 1)],
        };
        foreach ((string message, byte[] bytes) in hostile)
        {
            PieceException fault = await Assert.ThrowsAsync<PieceException>(() => StoreAsync(bytes));
            Assert.Contains("0-feed-forward-0-1", fault.Message, StringComparison.Ordinal);
            Assert.Contains(message, fault.Message, StringComparison.Ordinal);
            Assert.Empty(Directory.GetFiles(set.Root, "*", SearchOption.AllDirectories));
        }

        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => pieces.StoreAsync(CacheSet.Neurons(1000), Stream.Null, CancellationToken.None));
        await StoreAsync(good);
        using PieceFile? piece = pieces.TryOpen(id);
        Assert.NotNull(piece);

        Task StoreAsync(byte[] bytes) => pieces.StoreAsync(id, new MemoryStream(bytes), CancellationToken.None);
    }

    [Fact]
    public async Task StoreAsync_SenderThatFails_KeepsNothing()
    {
        using CacheSet set = new();
        ModelPieces pieces = set.Open().Of(set.Manifest);
        PieceId id = CacheSet.Neurons(0);
        using HeldStream content = new(set.Cut(id)[..5000]);
        Task storing = pieces.StoreAsync(id, content, CancellationToken.None);
        await content.Drained;
        Assert.Single(set.Parts);
        Assert.Null(pieces.TryOpen(id));
        content.Fail();
        await Assert.ThrowsAsync<IOException>(() => storing);
        Assert.Empty(set.Parts);
    }

    [Fact]
    public async Task Open_WithUnfinishedFiles_SweepsThoseWhoseWriterIsGone()
    {
        using CacheSet set = new();
        PieceCache running = set.Open();
        PieceId id = CacheSet.Neurons(0);
        byte[] good = set.Cut(id);
        using HeldStream content = new(good[..5000], good[5000..]);
        Task storing = running.Of(set.Manifest).StoreAsync(id, content, CancellationToken.None);
        await content.Drained;
        string writing = Assert.Single(set.Parts);
        string left = set.PathOf(CacheSet.Neurons(1)) + ".0123.part";
        string foreign = Path.Combine(set.Root, "notes.part");
        File.WriteAllBytes(left, good[..6000]);
        File.WriteAllBytes(foreign, good[..6000]);

        // Another process starts on the same folder.
        ModelPieces second = set.Open().Of(set.Manifest);
        Assert.True(File.Exists(foreign));
        Assert.False(File.Exists(left));
        Assert.True(File.Exists(writing));
        Assert.Null(second.TryOpen(id));
        content.Finish();
        await storing;
        using PieceFile? piece = second.TryOpen(id);
        Assert.NotNull(piece);
    }

    [Fact]
    public async Task Missing_AfterAnotherDivision_AsksForFewPieces()
    {
        using CacheSet set = new();
        ModelProfile profile = ModelProfiles.Of("tales", set.Manifest.Layout, new StepLimits());
        PieceCache cache = set.Open();
        ModelPieces pieces = cache.Of(set.Manifest);
        await LoadAsync(Divide(4, 4));
        int before = cache.Statistics.StoredPieces;
        Assert.Equal(0, cache.Statistics.ReusedPieces);

        (int loaded, int expectedReuse) = await LoadAsync(Divide(5, 3));
        Assert.Equal(expectedReuse, cache.Statistics.ReusedPieces);
        Assert.Equal(loaded - expectedReuse, cache.Statistics.StoredPieces - before);

        // b1 grew from a half to five eighths: four fifths of its neuron and token groups were here.
        Assert.InRange((double)expectedReuse / loaded, 0.7, 0.85);

        ShardSlice[] Divide(double first, double second)
        {
            BoardProfile[] boards = [new("b1", first, 1L << 30), new("b2", second, 1L << 30)];
            return [.. Planner.Create(profile, boards, new PlanRequest { KvPositions = 512 }).ShardsOf("b1").Select(shard => shard.Slice)];
        }

        async Task<(int Loaded, int Reused)> LoadAsync(ShardSlice[] slices)
        {
            int loaded = 0;
            int missing = 0;
            foreach (ShardSlice slice in slices)
            {
                loaded += pieces.PiecesOf(slice).Count;
                IReadOnlyList<PieceId> toSend = pieces.Missing(slice);
                missing += toSend.Count;
                await set.SendAsync(pieces, toSend);
                foreach (PieceId id in pieces.PiecesOf(slice))
                {
                    pieces.TryOpen(id)!.Dispose();
                }
            }

            return (loaded, loaded - missing);
        }
    }

    /// <summary>Gives its first part, then waits until it is told to fail or to go on with the second.</summary>
    private sealed class HeldStream(byte[] first, byte[]? second = null) : MemoryStream(first)
    {
        private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private MemoryStream? _rest;

        internal Task Drained => _drained.Task;

        internal void Fail() => _released.SetException(new IOException("The sender is gone."));

        internal void Finish() => _released.SetResult();

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            int count = await base.ReadAsync(buffer, cancellationToken);
            if (count > 0)
            {
                return count;
            }

            _drained.TrySetResult();
            await _released.Task;
            _rest ??= new MemoryStream(second ?? []);
            return await _rest.ReadAsync(buffer, cancellationToken);
        }
    }
}
