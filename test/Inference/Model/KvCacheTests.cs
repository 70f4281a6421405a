using System.Runtime.InteropServices;
using Halo.Inference.Kernels;
using Halo.Inference.Model;
using Halo.Inference.Quantization;

namespace Halo.Inference.Tests.Model;

public sealed class KvCacheTests : IDisposable
{
    private const int HeadDim = 8;
    private const int KvHeads = 3;
    private const int ContextLength = 100;

    private readonly KvBlockPool _pool = new(HeadDim, maxBlocks: 24, KvType.F32);
    private readonly KvCache _cache;

    public KvCacheTests() => _cache = new KvCache(_pool, maxSequences: 4, KvHeads, ContextLength);

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
        byte[] rows = new byte[count * _cache.BytesPerRow];
        _cache.Export(1, first, count, rows);

        using KvBlockPool otherPool = new(HeadDim, maxBlocks: 24, KvType.F32);
        using KvCache other = new(otherPool, maxSequences: 2, KvHeads, ContextLength);
        Fill(other, slot: 0, first, offset: 5000);
        other.Import(0, first, count, rows);
        for (int position = 0; position < first + count; position++)
        {
            AssertPosition(other, slot: 0, position, offset: position < first ? 5000 : 0);
        }
    }

    [Fact]
    public void Export_OfAPosition_LaysOutHeadsKeyThenValue()
    {
        Fill(_cache, slot: 0, 40);
        byte[] rows = new byte[2 * _cache.BytesPerRow];
        _cache.Export(0, 33, 2, rows);
        ReadOnlySpan<float> values = MemoryMarshal.Cast<byte, float>(rows);
        int at = 0;
        foreach (int position in new[] { 33, 34 })
        {
            for (int i = 0; i < KvHeads * 2 * HeadDim; i++)
            {
                Assert.Equal(Expected(i / (2 * HeadDim), position, i / HeadDim % 2, i % HeadDim), values[at++]);
            }
        }
    }

    // Head sizes that are no multiple of a vector or of 32 too: padding must not travel, and scales must.
    [Theory]
    [InlineData(KvType.F16, 8, 1e-3)]
    [InlineData(KvType.F16, 50, 1e-3)]
    [InlineData(KvType.Q8_0, 24, 1.0 / 250)]
    [InlineData(KvType.Q8_0, 80, 1.0 / 250)]
    [InlineData(KvType.F32, 50, 0)]
    public void Write_ThenExport_KeepsEachNumberToTheTypesPrecision(KvType type, int headDim, double tolerance)
    {
        using KvBlockPool pool = new(headDim, maxBlocks: 8, type);
        using KvCache cache = new(pool, maxSequences: 1, kvHeads: 2, contextLength: 64);
        cache.Reserve(0, 40);
        Random random = new(3);
        float[][] written = [.. Enumerable.Range(0, 40 * 2 * 2).Select(_ => new float[headDim])];
        foreach (float[] row in written)
        {
            Kernels.ProductCase.Fill(row, random);
        }

        for (int i = 0; i < 80; i++)
        {
            cache.Write(0, i % 2, i / 2, written[2 * i], written[2 * i + 1]);
        }

        byte[] rows = new byte[40 * cache.BytesPerRow];
        cache.Export(0, 0, 40, rows);
        float[] read = new float[headDim];
        for (int i = 0; i < written.Length; i++)
        {
            KvRow.Decode(cache.Layout, rows.AsSpan(i * cache.Layout.RowBytes, cache.Layout.RowBytes), read);
            float largest = written[i].Max(MathF.Abs);
            Assert.All(written[i].Zip(read), pair => Assert.InRange(Math.Abs(pair.First - pair.Second), 0, largest * tolerance));
        }
    }

    [Theory]
    [InlineData(KvType.F32, 64, 512)]
    [InlineData(KvType.F16, 64, 256)]
    [InlineData(KvType.Q8_0, 64, 136)]  // 34 bytes for every 32 elements
    [InlineData(KvType.F16, 40, 2 * 40 + 2 * 48)] // values are padded to whole vectors
    public void BytesPerPosition_OfAType_IsWhatABlockTakes(KvType type, int headDim, int expected)
    {
        KvLayout layout = new(type, headDim);
        Assert.Equal(expected, layout.BytesPerPosition);
        Assert.Equal(32 * expected, layout.BlockBytes);
    }

    [Fact]
    public void Import_AfterAGap_IsRefused()
    {
        Fill(_cache, slot: 2, 10);
        StepException fault = Assert.Throws<StepException>(() => _cache.Import(2, 11, 1, new byte[_cache.BytesPerRow]));
        Assert.Contains("position 11", fault.Message, StringComparison.Ordinal);
        Assert.Contains("10 positions", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Export_IntoTooLittleRoom_Throws()
    {
        Fill(_cache, slot: 0, 2);
        Assert.Throws<ArgumentOutOfRangeException>(() => _cache.Export(0, 0, 2, new byte[2 * _cache.BytesPerRow - 1]));
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

    private static float[] Row(int head, int position, int part, int offset) =>
        [.. Enumerable.Range(0, HeadDim).Select(element => Expected(head, position, part, element) + offset)];

    private static void Fill(KvCache cache, int slot, int length, int offset = 0)
    {
        cache.Reserve(slot, length);
        for (int i = 0; i < length * KvHeads; i++)
        {
            (int position, int head) = Math.DivRem(i, KvHeads);
            cache.Write(slot, head, position, Row(head, position, 0, offset), Row(head, position, 1, offset));
        }
    }

    private static void AssertPosition(KvCache cache, int slot, int position, int offset = 0)
    {
        byte[] rows = new byte[cache.BytesPerRow];
        cache.Export(slot, position, 1, rows);
        IEnumerable<float> expected = Enumerable.Range(0, 2 * KvHeads).SelectMany(i => Row(i / 2, position, i % 2, offset));
        Assert.Equal(expected, MemoryMarshal.Cast<byte, float>(rows).ToArray());
    }
}
