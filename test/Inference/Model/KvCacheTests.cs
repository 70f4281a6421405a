using Halo.Inference.Model;

namespace Halo.Inference.Tests.Model;

public sealed class KvCacheTests : IDisposable
{
    private const int HeadDim = 8;
    private const int KvHeads = 3;
    private const int ContextLength = 100;

    private readonly KvBlockPool _pool = new(HeadDim, maxBlocks: 24);
    private readonly KvCache _cache;

    public KvCacheTests() => _cache = new KvCache(_pool, maxSequences: 4, KvHeads, HeadDim, ContextLength);

    public void Dispose()
    {
        _cache.Dispose();
        Assert.Equal(0, _pool.RentedBlocks);
        _pool.Dispose();
    }

    [Theory]
    [InlineData(0, 70)]
    [InlineData(31, 2)]
    [InlineData(64, 6)]
    [InlineData(70, 0)]
    public void Import_OfAnExport_GivesTheSamePositions(int first, int count)
    {
        Fill(_cache, slot: 1, 70);
        float[] rows = new float[count * _cache.FloatsPerPosition];
        _cache.Export(1, first, count, rows);

        using KvBlockPool otherPool = new(HeadDim, maxBlocks: 24);
        using KvCache other = new(otherPool, maxSequences: 2, KvHeads, HeadDim, ContextLength);
        Fill(other, slot: 0, first, offset: 5000);
        other.Import(0, first, count, rows);
        for (int position = 0; position < first + count; position++)
        {
            AssertPosition(other, slot: 0, position, offset: position < first ? 5000 : 0);
        }
    }

    [Fact]
    public unsafe void Export_OfAPosition_LaysOutHeadsKeyThenValue()
    {
        Fill(_cache, slot: 0, 40);
        float[] rows = new float[2 * _cache.FloatsPerPosition];
        _cache.Export(0, 33, 2, rows);
        int at = 0;
        foreach (int position in new[] { 33, 34 })
        {
            for (int head = 0; head < KvHeads; head++)
            {
                Assert.Equal(new Span<float>(_cache.Key(0, head, position), HeadDim), rows.AsSpan(at, HeadDim));
                Assert.Equal(new Span<float>(_cache.Value(0, head, position), HeadDim), rows.AsSpan(at + HeadDim, HeadDim));
                at += 2 * HeadDim;
            }
        }
    }

    [Fact]
    public void Import_AfterAGap_IsRefused()
    {
        Fill(_cache, slot: 2, 10);
        StepException fault = Assert.Throws<StepException>(() => _cache.Import(2, 11, 1, new float[_cache.FloatsPerPosition]));
        Assert.Contains("position 11", fault.Message, StringComparison.Ordinal);
        Assert.Contains("10 positions", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Export_IntoTooLittleRoom_Throws()
    {
        Fill(_cache, slot: 0, 2);
        Assert.Throws<ArgumentOutOfRangeException>(() => _cache.Export(0, 0, 2, new float[2 * _cache.FloatsPerPosition - 1]));
    }

    [Fact]
    public void Truncate_ThenReserve_ReusesBlocks()
    {
        Fill(_cache, slot: 0, 100);
        Assert.Equal(4 * KvHeads, _pool.RentedBlocks);
        _cache.Truncate(0, 33);
        Assert.Equal((2 * KvHeads, 33), (_pool.RentedBlocks, _cache.Length(0)));
        AssertPosition(_cache, slot: 0, 32);
        _cache.Reserve(0, 64);
        Assert.Equal((2 * KvHeads, 64), (_pool.RentedBlocks, _cache.Length(0)));
        _cache.Truncate(0, 0);
        Assert.Equal((0, 0), (_pool.RentedBlocks, _cache.Length(0)));
    }

    [Fact]
    public void Copy_OverAnotherSlot_ReplacesIt()
    {
        Fill(_cache, slot: 0, 50);
        Fill(_cache, slot: 1, 90, offset: 700);
        _cache.Copy(0, 1, 40);
        Assert.Equal(40, _cache.Length(1));
        Fill(_cache, slot: 0, 50, offset: 900);
        for (int position = 0; position < 40; position++)
        {
            AssertPosition(_cache, slot: 1, position);
        }
    }

    [Fact]
    public void Rent_BeyondTheLimit_TakesNothingAndNamesTheNumbers()
    {
        _cache.Reserve(0, 100); // 12 of 24 blocks
        _cache.Reserve(1, 64);  // 18
        _pool.Limit = 20;
        StepException fault = Assert.Throws<StepException>(() => _cache.Reserve(1, 65));
        Assert.Contains("18 of 20 blocks", fault.Message, StringComparison.Ordinal);
        Assert.Equal(18, _pool.RentedBlocks);

        // Three blocks are asked for together or not at all; a limit that is raised is honoured at once.
        _pool.Limit = 21;
        _cache.Reserve(1, 65);
        Assert.Equal(21, _pool.RentedBlocks);
    }

    [Fact]
    public void Limit_LoweredBelowWhatIsOut_TakesNothingBack()
    {
        _cache.Reserve(0, 64);
        _pool.Limit = 0;
        Assert.Equal(2 * KvHeads, _pool.RentedBlocks);
        Assert.Throws<StepException>(() => _cache.Reserve(1, 1));
        _cache.Truncate(0, 0);
        Assert.Equal(0, _pool.RentedBlocks);
    }

    // Each number names its place, so that one that is misplaced shows where it came from.
    private static float Expected(int head, int position, int part, int element) => ((position * KvHeads + head) * 2 + part) * HeadDim + element;

    private static unsafe void Fill(KvCache cache, int slot, int length, int offset = 0)
    {
        cache.Reserve(slot, length);
        for (int i = 0; i < length * KvHeads * HeadDim; i++)
        {
            (int position, int rest) = Math.DivRem(i, KvHeads * HeadDim);
            (int head, int element) = Math.DivRem(rest, HeadDim);
            cache.Key(slot, head, position)[element] = Expected(head, position, 0, element) + offset;
            cache.Value(slot, head, position)[element] = Expected(head, position, 1, element) + offset;
        }
    }

    private static unsafe void AssertPosition(KvCache cache, int slot, int position, int offset = 0)
    {
        for (int i = 0; i < KvHeads * HeadDim; i++)
        {
            (int head, int element) = Math.DivRem(i, HeadDim);
            Assert.Equal(Expected(head, position, 0, element) + offset, cache.Key(slot, head, position)[element]);
            Assert.Equal(Expected(head, position, 1, element) + offset, cache.Value(slot, head, position)[element]);
        }
    }
}
