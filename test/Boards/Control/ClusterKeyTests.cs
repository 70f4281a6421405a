using Halo.Boards.Control;

namespace Halo.Boards.Tests.Control;

public sealed class ClusterKeyTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("halo-key-");

    private string FilePath => Path.Combine(_folder.FullName, "cluster.key");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void WriteNew_ThenRead_GivesAKeyThatOnlyTheOwnerMaySee()
    {
        ClusterKey.WriteNew(FilePath);
        ClusterKey key = ClusterKey.Read(FilePath, out string? warning);
        Assert.Null(warning);
        Assert.Equal(32, Convert.FromBase64String(File.ReadAllText(FilePath).Trim()).Length);
        Assert.Equal("cluster key", key.ToString());
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(FilePath));
        }
    }

    [Fact]
    public void WriteNew_WhereAFileIs_RefusesAndLeavesIt()
    {
        File.WriteAllText(FilePath, "the key of a running cluster");
        Assert.Contains("is there already", Assert.Throws<ClusterKeyException>(() => ClusterKey.WriteNew(FilePath)).Message, StringComparison.Ordinal);
        Assert.Equal("the key of a running cluster", File.ReadAllText(FilePath));
    }

    [Fact]
    public void Read_OfAFileThatOthersMayRead_Warns()
    {
        ClusterKey.WriteNew(FilePath);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(FilePath, UnixFileMode.UserRead | UnixFileMode.OtherRead);
            ClusterKey.Read(FilePath, out string? warning);
            Assert.Contains("chmod 600", warning, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Read_OfNoFile_SaysSo() =>
        Assert.Contains(FilePath, Assert.Throws<ClusterKeyException>(() => ClusterKey.Read(FilePath, out _)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData(15, "has 15 characters; a cluster key has at least 16")]
    [InlineData(4097, "more than 4096 bytes")]
    public void Read_OfAFileOfTheWrongLength_SaysSo(int characters, string expected)
    {
        File.WriteAllText(FilePath, new string('k', characters));
        ClusterKeyException fault = Assert.Throws<ClusterKeyException>(() => ClusterKey.Read(FilePath, out _));
        Assert.Contains(expected, fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("kkk", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_OfTheSameTextWithOtherEnds_GivesTheSameKey()
    {
        File.WriteAllText(FilePath, "\uFEFF  the key of the tests\r\n");
        Transcript transcript = new Transcript().Add("x");
        Assert.True(ControlHost.Key.Verify(transcript, ClusterKey.Read(FilePath, out _).Mac(transcript)));
        Assert.False(ControlHost.Key.Verify(transcript, ClusterKey.FromText("the key of the tests.").Mac(transcript)));
    }

    [Fact]
    public void Generate_Twice_GivesTwoKeys() => Assert.NotEqual(ClusterKey.Generate(), ClusterKey.Generate());
}
