using Halo.Inference.Kernels;
using Halo.Inference.Quantization;
using Halo.Inference.Tests.Kernels;

namespace Halo.Inference.Tests.Model;

public sealed class AttentionWorkTests
{
    private const double Tolerance = 1e-5; // of the sum of absolute products

    private static readonly int[] s_lengths = [1, 2, 31, 32, 33, 63, 64, 65, 96, 127, 130];

    public static TheoryData<string, KvType> Cases()
    {
        TheoryData<string, KvType> cases = [];
        foreach (KernelTier tier in Enum.GetValues<KernelTier>().Where(KernelSelector.IsSupported))
        {
            foreach (KvType type in Enum.GetValues<KvType>())
            {
                cases.Add(tier.ToString(), type);
            }
        }

        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Compute_OfRandomShapes_EqualsTheOracle(string tier, KvType type)
    {
        Random random = new(17);
        HashSet<int> groups = [];
        for (int i = 0; i < 24; i++)
        {
            int headDim = i switch { 0 => 8, 1 => 256, 2 => 64, 3 => 80, _ => 2 * random.Next(4, 129) };
            int headsPerGroup = 1 + i % 8;
            int length = s_lengths[random.Next(s_lengths.Length)];
            groups.Add(headsPerGroup);
            using AttentionCase attention = new(KernelCases.Tier(tier), type, headDim, headsPerGroup, 1 + i % 2, [length], seed: i);
            (int, int)[] rows = [.. Enumerable.Range(Math.Max(0, length - 3), Math.Min(3, length)).Select(position => (0, position))];
            float[][] outputs = attention.Attend(rows);
            for (int row = 0; row < rows.Length; row++)
            {
                AssertNear(attention.Expected(0, rows[row].Item2), outputs[row], $"head size {headDim}, {headsPerGroup} heads, position {rows[row].Item2}");
            }
        }

        Assert.Equal(8, groups.Count);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Compute_OfManyRowsOnATeam_GivesTheBitsOfEachAlone(string tier, KvType type)
    {
        foreach (int headsPerGroup in new[] { 1, 3, 4, 7 })
        {
            int[] lengths = [130, 40];
            using AttentionCase alone = new(KernelCases.Tier(tier), type, 48, headsPerGroup, 2, lengths);
            using AttentionCase together = new(KernelCases.Tier(tier), type, 48, headsPerGroup, 2, lengths, workers: 3);

            // A prompt's rows across the borders of blocks, rows of another sequence between them, one that stands apart.
            (int Slot, int Position)[] rows =
            [
                .. Enumerable.Range(20, 25).Select(position => (0, position)), (1, 39), (0, 129),
                .. Enumerable.Range(0, 34).Select(position => (1, position)),
            ];
            float[][] outputs = together.Attend(rows);
            Assert.True(outputs[0].Distinct().Count() > outputs[0].Length / 2, "Outputs that hardly vary prove nothing.");
            for (int row = 0; row < rows.Length; row++)
            {
                Assert.Equal(alone.Attend(rows[row])[0], outputs[row]);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Compute_OfALongContext_IsSharedByRangesWithTheSameBits(string tier, KvType type)
    {
        using AttentionCase one = new(KernelCases.Tier(tier), type, 32, 2, 1, [1200], contextLength: 2048);
        using AttentionCase two = new(KernelCases.Tier(tier), type, 32, 2, 1, [1200], workers: 2, contextLength: 2048);
        foreach (int position in new[] { 511, 512, 1023, 1024, 1199 })
        {
            float[] expected = one.Attend((0, position))[0];
            Assert.Equal(expected, two.Attend((0, position))[0]);
            Assert.Equal((false, position >= 512), (one.SharedRanges, two.SharedRanges));
            AssertNear(one.Expected(0, position), expected, $"position {position}");
        }

        // Prefill walks its rows together, and merges what ranges found for those that reach into them.
        (int, int)[] rows = [.. Enumerable.Range(500, 30).Select(position => (0, position))];
        float[][] prefilled = two.Attend(rows);
        Assert.False(two.SharedRanges);
        for (int row = 0; row < rows.Length; row++)
        {
            Assert.Equal(one.Attend(rows[row])[0], prefilled[row]);
        }
    }

    [Theory]
    [InlineData(KvType.F16)]
    [InlineData(KvType.Q8_0)]
    [InlineData(KvType.F32)]
    public void Compute_AfterWarmUp_AllocatesNothing(KvType type)
    {
        using AttentionCase attention = new(KernelSelector.Tier, type, 64, 4, 2, [1100], contextLength: 2048);
        attention.Attend((0, 1099));
        long before = GC.GetAllocatedBytesForCurrentThread();
        attention.Again();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static void AssertNear((double[] Output, double[] Magnitude) expected, float[] actual, string what)
    {
        for (int i = 0; i < actual.Length; i++)
        {
            double error = Math.Abs(actual[i] - expected.Output[i]) / expected.Magnitude[i];
            Assert.True(error <= Tolerance, $"{what}, element {i}: {actual[i]:R} is {error:E1} of the products' sum from {expected.Output[i]:R}.");
        }
    }
}
