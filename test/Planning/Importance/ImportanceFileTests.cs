using System.Buffers.Binary;
using System.Security.Cryptography;
using Halo.Planning.Importance;

namespace Halo.Planning.Tests.Importance;

public sealed class ImportanceFileTests
{
    // magic, version, hash; then hidden size and stage count; then the headers of two stages, six numbers each.
    private const int HiddenSizeAt = 8 + 4 + 32;
    private const int FirstHeaderAt = HiddenSizeAt + 8;
    private const int FirstMeanAt = FirstHeaderAt + (2 * 6 * 4);

    private readonly ModelImportance _importance = MadeImportance.Create();

    [Fact]
    public void Read_OfWhatWasWritten_IsTheSame()
    {
        ModelImportance read = MadeImportance.Read(MadeImportance.Write(_importance));
        Assert.Equal((_importance.ModelHash, _importance.HiddenSize), (read.ModelHash, read.HiddenSize));
        Assert.Equal(2, read.Stages.Count);
        for (int i = 0; i < 2; i++)
        {
            (StageImportance expected, StageImportance actual) = (_importance.Stages[i], read.Stages[i]);
            Assert.Equal(expected.Mean, actual.Mean);
            Assert.Equal(expected.MeanParts.ToArray(), actual.MeanParts.ToArray());
            Assert.Equal(expected.Sensitivity, actual.Sensitivity);
            AssertSame(expected.Predictor, actual.Predictor);
            AssertSame(expected.EarlyPredictor, actual.EarlyPredictor);
            Assert.Equal(expected.Surrogates.Select(one => one.Inner.ToArray()), actual.Surrogates.Select(one => one.Inner.ToArray()));
            Assert.Equal(expected.Surrogates.Select(one => one.Outer.ToArray()), actual.Surrogates.Select(one => one.Outer.ToArray()));
            Assert.Equal(expected.Surrogates.Select(one => one.Offset.ToArray()), actual.Surrogates.Select(one => one.Offset.ToArray()));
        }

        Assert.Equal(MadeImportance.Write(_importance), MadeImportance.Write(read));
    }

    [Fact]
    public void Read_CutOffAnywhere_SaysSo()
    {
        byte[] whole = MadeImportance.Write(_importance);
        for (int length = 0; length < whole.Length; length++)
        {
            ImportanceFormatException fault = Assert.Throws<ImportanceFormatException>(() => MadeImportance.Read(whole[..length]));
            Assert.Contains("cut off", fault.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Read_WithAnyBitTurned_IsRefused()
    {
        byte[] whole = MadeImportance.Write(_importance);
        for (int at = 0; at < whole.Length; at++)
        {
            byte[] broken = [.. whole];
            broken[at] ^= (byte)(1 << (at % 8));
            Assert.Throws<ImportanceFormatException>(() => MadeImportance.Read(broken));
        }
    }

    [Fact]
    public void Read_OfNoise_IsRefusedWithItsOwnException()
    {
        Random random = new(31);
        byte[] whole = MadeImportance.Write(_importance);
        for (int round = 0; round < 3000; round++)
        {
            byte[] noise = [.. whole];
            for (int change = 0; change <= round % 5; change++)
            {
                int at = random.Next(8, noise.Length - 4);
                random.NextBytes(noise.AsSpan(at, random.Next(1, 5)));
            }

            // A checksum that fits lets all the noise through to the checks behind it.
            SHA256.HashData(noise.AsSpan(0, noise.Length - 32), noise.AsSpan(noise.Length - 32));
            try
            {
                Assert.NotEmpty(MadeImportance.Write(MadeImportance.Read(noise)));
            }
            catch (ImportanceFormatException)
            {
                continue;
            }
        }
    }

    [Theory]
    [InlineData(0, 0, "does not begin")]
    [InlineData(8, 2, "version 2")]
    [InlineData(HiddenSizeAt, 0, "the hidden size")]
    [InlineData(HiddenSizeAt, int.MaxValue, "the hidden size")]
    [InlineData(HiddenSizeAt + 4, 3, "3 stages")]
    [InlineData(HiddenSizeAt + 4, 2048, "")]
    [InlineData(FirstHeaderAt, -1, "the group count of stage 0")]
    [InlineData(FirstHeaderAt, 1 << 16, "")]
    [InlineData(FirstHeaderAt + 4, 2, "mean parts")]
    [InlineData(FirstHeaderAt + 8, 3, "the predictor's rank of stage 0")]
    [InlineData(FirstHeaderAt + 16, 9, "the surrogates' rank of stage 0")]
    [InlineData(FirstMeanAt, 0x7FC00000, "not finite")]
    [InlineData(FirstMeanAt, 0x7F800000, "not finite")]
    [InlineData(FirstHeaderAt + 20, unchecked((int)0xFF800000), "not finite")]
    [InlineData(FirstMeanAt, unchecked((int)0xBF800000), "below 0")]
    public void Read_WithAHostileNumber_NamesIt(int at, int number, string said)
    {
        byte[] file = MadeImportance.Write(_importance);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(at), number);
        ImportanceFormatException fault = Assert.Throws<ImportanceFormatException>(() => MadeImportance.Read(file));
        Assert.Contains(said, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_WithSomethingAfterTheEnd_IsRefused()
    {
        byte[] file = [.. MadeImportance.Write(_importance), 0];
        Assert.Contains("after its end", Assert.Throws<ImportanceFormatException>(() => MadeImportance.Read(file)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(-1)]
    public void Write_OfAMeanThatIsNoImportance_IsRefused(float mean) =>
        Assert.Throws<ArgumentException>(() => MadeImportance.Write(MadeImportance.Create(mean)));

    [Fact]
    public void Write_OfWhatDoesNotFit_IsRefused()
    {
        Refused(_importance with { ModelHash = "short" });
        Refused(_importance with { ModelHash = new string('A', 64) });
        Refused(_importance with { HiddenSize = 4 });
        Refused(_importance with { Stages = [_importance.Stages[0]] });
        Refused(_importance with { Stages = [_importance.Stages[0], _importance.Stages[1] with { Sensitivity = float.NaN }] });
        Refused(_importance with { Stages = [_importance.Stages[0], _importance.Stages[1] with { Mean = [1, 2, 3] }] });
        Refused(_importance with { Stages = [_importance.Stages[0], _importance.Stages[1] with { Surrogates = [_importance.Stages[1].Surrogates[0]] }] });
    }

    private static void Refused(ModelImportance importance) => Assert.Throws<ArgumentException>(() => MadeImportance.Write(importance));

    private static void AssertSame(GroupPredictor? expected, GroupPredictor? actual)
    {
        Assert.Equal(expected is null, actual is null);
        if (expected is not null && actual is not null)
        {
            Assert.Equal(expected.Inner.ToArray(), actual.Inner.ToArray());
            Assert.Equal(expected.Outer.ToArray(), actual.Outer.ToArray());
            Assert.Equal(expected.Bias.ToArray(), actual.Bias.ToArray());
            Assert.Equal((expected.Rank, expected.IsWhole), (actual.Rank, actual.IsWhole));
        }
    }
}
