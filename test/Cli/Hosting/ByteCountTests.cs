using Halo.Silo;

namespace Halo.Cli.Tests.Hosting;

public sealed class ByteCountTests
{
    [Theory]
    [InlineData("1", 1)]
    [InlineData("2000000", 2_000_000)]
    [InlineData("500M", 500_000_000)]
    [InlineData("500MB", 500_000_000)]
    [InlineData("2G", 2_000_000_000)]
    [InlineData("1.5Gi", 1_610_612_736)]
    [InlineData("64KiB", 65_536)]
    [InlineData("3k", 3_000)]
    public void Read_Amount_GivesBytes(string text, long bytes) => Assert.Equal((true, bytes), ByteCount.Read(text));

    [Theory]
    [InlineData("")]
    [InlineData("M")]
    [InlineData("0")]
    [InlineData("0.2")]
    [InlineData("-1G")]
    [InlineData("1T")]
    [InlineData("1,5G")]
    [InlineData("NaN")]
    [InlineData("99999999999999999999G")]
    [InlineData("10000000000G")]
    public void Read_AnythingElse_IsRefused(string text) => Assert.False(ByteCount.Read(text).Found);
}
