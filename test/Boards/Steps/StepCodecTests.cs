using System.Buffers.Binary;
using FsCheck;
using FsCheck.Fluent;
using Halo.Boards.Steps;
using Halo.Inference.Model;

namespace Halo.Boards.Tests.Steps;

public sealed class StepCodecTests
{
    private const int HiddenSize = 6;

    [Fact]
    public void Read_OfAnyWrittenStep_GivesTheStep()
    {
        Prop.ForAll(Steps().ToArbitrary(), step =>
        {
            byte[] bytes = Write(step, out float[] embeddings);
            Step read = new();
            read.Rows.Add(new StepRow(1, 2, 3)); // what was there before must go
            ReadOnlySpan<float> rows = StepCodec.Read(bytes, read);
            Assert.Equal((step.PlanVersion, step.StepNumber), (read.PlanVersion, read.StepNumber));
            Assert.Equal(step.Rows, read.Rows);
            Assert.Equal(step.LogitRows, read.LogitRows);
            Assert.Equal(step.Releases, read.Releases);
            Assert.Equal(step.Truncations, read.Truncations);
            Assert.Equal(step.Forks, read.Forks);
            Assert.True(rows.SequenceEqual(embeddings));
            return true;
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void MaxBytes_OfTheLargestStep_IsWhatItTakes()
    {
        StepLimits limits = new(MaxRows: 5, MaxLogitRows: 4, MaxSequences: 3);
        Step step = new();
        step.Rows.AddRange(Enumerable.Range(0, 5).Select(i => new StepRow(i, i, i)));
        step.LogitRows.AddRange([0, 1, 2, 3]);
        step.Releases.AddRange([1, 2, 3]);
        step.Truncations.AddRange([new(1, 1), new(2, 2), new(3, 3)]);
        step.Forks.AddRange([new(1, 2, 3), new(1, 2, 3), new(1, 2, 3)]);
        Assert.Equal(StepCodec.MaxBytes(limits, HiddenSize), Write(step, out _).Length);
    }

    [Fact]
    public void Read_CutShortAnywhere_IsRefused()
    {
        byte[] bytes = Write(Example(), out _);
        for (int length = 0; length < bytes.Length; length++)
        {
            Assert.Throws<StepException>(() => StepCodec.Read(bytes.AsSpan(0, length), new Step()).ToArray());
        }

        Assert.Throws<StepException>(() => StepCodec.Read([.. bytes, 0], new Step()).ToArray());
    }

    [Theory]
    [InlineData(16)]
    [InlineData(20)]
    [InlineData(24)]
    [InlineData(28)]
    [InlineData(32)]
    [InlineData(36)]
    public void Read_AbsurdCount_IsRefusedBeforeAllocating(int offset)
    {
        foreach (int count in new[] { -1, int.MinValue, int.MaxValue, 1 << 28, 1000 })
        {
            byte[] bytes = Write(Example(), out _);
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(offset), count);
            long before = GC.GetAllocatedBytesForCurrentThread();
            Assert.Throws<StepException>(() => StepCodec.Read(bytes, new Step()).ToArray());
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64 << 10);
        }
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(2u)]
    [InlineData(uint.MaxValue)]
    public void Read_AnotherVersion_AsksForTheSameEverywhere(uint version)
    {
        byte[] bytes = Write(Example(), out _);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, version);
        StepException fault = Assert.Throws<StepException>(() => StepCodec.Read(bytes, new Step()).ToArray());
        Assert.Contains("same version on all boards", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_RandomDamage_IsReadOrRefused()
    {
        Random random = new(5);
        int refused = 0;
        for (int round = 0; round < 5000; round++)
        {
            byte[] bytes = Write(Example(), out _);
            for (int i = random.Next(1, 4); i > 0; i--)
            {
                bytes[random.Next(random.Next(2) == 0 ? 40 : bytes.Length)] = (byte)random.Next(256);
            }

            try
            {
                StepCodec.Read(bytes, new Step());
            }
            catch (StepException)
            {
                refused++;
            }
        }

        Assert.InRange(refused, 500, 4900);
    }

    private static byte[] Write(Step step, out float[] embeddings)
    {
        embeddings = [.. Enumerable.Range(0, step.Rows.Count * HiddenSize).Select(i => i * 0.5f - 3)];
        byte[] bytes = new byte[4096 * 4];
        return bytes[..StepCodec.Write(step, embeddings, bytes)];
    }

    private static Step Example()
    {
        Step step = new() { PlanVersion = 3, StepNumber = 77 };
        step.Rows.AddRange([new StepRow(1, 5, 9), new StepRow(long.MaxValue, 0, 2)]);
        step.LogitRows.Add(1);
        step.Releases.AddRange([4, 5, 6]);
        step.Truncations.Add(new StepTruncation(1, 5));
        step.Forks.Add(new StepFork(1, 2, 3));
        return step;
    }

    private static Gen<Step> Steps()
    {
        Gen<int> any = Gen.Choose(int.MinValue, int.MaxValue);
        Gen<long> ids = from high in any from low in any select ((long)high << 32) ^ low;
        return
            from version in any
            from number in ids
            from rows in (from id in ids from position in any from token in any select new StepRow(id, position, token)).ListOf()
            from logits in any.ListOf()
            from releases in ids.ListOf()
            from truncations in (from id in ids from length in any select new StepTruncation(id, length)).ListOf()
            from forks in (from a in ids from b in ids from length in any select new StepFork(a, b, length)).ListOf()
            select Make(version, number, rows, logits, releases, truncations, forks);
    }

    private static Step Make(
        int version,
        long number,
        IEnumerable<StepRow> rows,
        IEnumerable<int> logits,
        IEnumerable<long> releases,
        IEnumerable<StepTruncation> truncations,
        IEnumerable<StepFork> forks)
    {
        Step step = new() { PlanVersion = version, StepNumber = number };
        step.Rows.AddRange(rows);
        step.LogitRows.AddRange(logits);
        step.Releases.AddRange(releases);
        step.Truncations.AddRange(truncations);
        step.Forks.AddRange(forks);
        return step;
    }
}
