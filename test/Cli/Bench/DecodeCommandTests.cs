using System.Text.Json;

namespace Halo.Cli.Tests.Bench;

public sealed class DecodeCommandTests
{
    [Fact]
    public async Task Decode_Json_HoldsEveryRoundAndRatiosToTheFirst()
    {
        CommandResult result = await CommandLine.RunAsync("bench", "decode", "--boards", "1,3", "--tokens", "8", "--rounds", "3", "--json");
        using JsonDocument document = JsonDocument.Parse(result.AssertSuccess());
        JsonElement[] results = [.. document.RootElement.GetProperty("results").EnumerateArray()];
        Assert.Equal([1, 3], results.Select(item => item.GetProperty("boards").GetInt32()));
        Assert.Equal(1, results[0].GetProperty("ratio").GetDouble());
        Assert.All(results, item =>
        {
            double[] rounds = [.. item.GetProperty("rounds").EnumerateArray().Select(round => round.GetDouble())];
            Assert.Equal(3, rounds.Length);
            Assert.Equal(rounds.Order().ElementAt(1), item.GetProperty("median").GetDouble());
            Assert.Equal(rounds.Max(), item.GetProperty("best").GetDouble());
            Assert.True(rounds.Min() > 0);
            Assert.Equal(1e3 / rounds.Order().ElementAt(1), item.GetProperty("tpotMs").GetDouble(), 1e-9);
        });
        Assert.All(results, item => Assert.True(item.GetProperty("readRatio").GetDouble() > 0));
        Assert.True(document.RootElement.GetProperty("readLimit").GetProperty("bytes").GetInt64() > 1_000_000);
        Assert.Contains("kernels", document.RootElement.GetProperty("kernels").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Decode_Table_HasOneRowForEachNumberOfBoards()
    {
        string[] lines = (await CommandLine.RunAsync("bench", "decode", "--boards", "2", "--tokens", "4", "--rounds", "2")).AssertSuccess()
            .Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(2, lines.Length);
        Assert.Contains("median TPOT ms", lines[0], StringComparison.Ordinal);
        Assert.Contains("median tok/s", lines[0], StringComparison.Ordinal);
        Assert.Contains("ratio to read limit", lines[0], StringComparison.Ordinal);
        Assert.Equal("1.000", lines[1].Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2]);
    }

    [Theory]
    [InlineData("--tokens", "1", "--tokens is '1'")]
    [InlineData("--tokens", "600", "--tokens is 600")]
    [InlineData("--rounds", "0", "--rounds is '0'")]
    [InlineData("--boards", "", "--boards is ''")]
    public async Task Decode_WrongValue_SaysWhat(string option, string value, string said) =>
        (await CommandLine.RunAsync("bench", "decode", option, value)).AssertFault(said);
}
