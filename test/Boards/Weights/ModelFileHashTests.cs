using System.Security.Cryptography;
using Halo.Boards.Weights;

namespace Halo.Boards.Tests.Weights;

public sealed class ModelFileHashTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("halo-test-");

    private string Model => Path.Combine(_folder.FullName, "model.gguf");

    private string Memory => Path.Combine(_folder.FullName, "hashes");

    [Fact]
    public async Task ComputeAsync_OfAFile_IsItsHashAndTellsHowFarItIs()
    {
        byte[] content = Write(3 * (1 << 20) + 5);
        Reports reports = new();
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(content)), await ModelFileHash.ComputeAsync(Model, Memory, reports, CancellationToken.None));
        Assert.Equal(content.Length, reports.Values[^1]);
        Assert.Equal(reports.Values.Order().Distinct(), reports.Values);
        Assert.InRange(reports.Values.Count, 4, 100);
    }

    [Fact]
    public async Task ComputeAsync_SecondTime_ReadsNothingUntilTheFileChanges()
    {
        Write(1000);
        string first = await ModelFileHash.ComputeAsync(Model, Memory, null, CancellationToken.None);
        Reports reports = new();
        Assert.Equal(first, await ModelFileHash.ComputeAsync(Model, Memory, reports, CancellationToken.None));
        Assert.Empty(reports.Values);

        byte[] changed = Write(1000, seed: 2);
        File.SetLastWriteTimeUtc(Model, new DateTime(2031, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        string second = await ModelFileHash.ComputeAsync(Model, Memory, reports, CancellationToken.None);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(changed)), second);
        Assert.NotEmpty(reports.Values);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("{")]
    [InlineData("{\"path\":\"x\"}")]
    public async Task ComputeAsync_DamagedMemory_IsReplaced(string sidecar)
    {
        Write(1000);
        string expected = await ModelFileHash.ComputeAsync(Model, Memory, null, CancellationToken.None);
        string file = Assert.Single(Directory.GetFiles(Memory));
        string good = File.ReadAllText(file);
        File.WriteAllText(file, sidecar);
        Assert.Equal(expected, await ModelFileHash.ComputeAsync(Model, Memory, null, CancellationToken.None));
        Assert.Equal(good, File.ReadAllText(Assert.Single(Directory.GetFiles(Memory))));
    }

    [Fact]
    public async Task ComputeAsync_GivenUp_RemembersNothing()
    {
        Write(5 << 20);
        using CancellationTokenSource giveUp = new();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => ModelFileHash.ComputeAsync(Model, Memory, new Reports(_ => giveUp.Cancel()), giveUp.Token));
        Assert.False(Directory.Exists(Memory));
    }

    [Fact]
    public async Task ComputeAsync_FileThatChangesMeanwhile_IsRefused()
    {
        Write(5 << 20);
        Reports change = new(_ => File.SetLastWriteTimeUtc(Model, new DateTime(2031, 1, 1, 0, 0, 0, DateTimeKind.Utc)));
        IOException fault = await Assert.ThrowsAsync<IOException>(() => ModelFileHash.ComputeAsync(Model, Memory, change, CancellationToken.None));
        Assert.Contains("was changed while it was read", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ComputeAsync_NoSuchFile_SaysSo() =>
        await Assert.ThrowsAsync<FileNotFoundException>(() => ModelFileHash.ComputeAsync(Model, Memory, null, CancellationToken.None));

    public void Dispose() => _folder.Delete(recursive: true);

    private byte[] Write(int bytes, int seed = 1)
    {
        byte[] content = new byte[bytes];
        new Random(seed).NextBytes(content);
        File.WriteAllBytes(Model, content);
        return content;
    }

    private sealed class Reports(Action<long>? then = null) : IProgress<long>
    {
        internal List<long> Values { get; } = [];

        public void Report(long value)
        {
            Values.Add(value);
            then?.Invoke(value);
        }
    }
}
