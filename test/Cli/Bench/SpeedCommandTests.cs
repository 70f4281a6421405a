using System.Text.Json;

namespace Halo.Cli.Tests.Bench;

public sealed class SpeedCommandTests
{
    [Fact]
    public async Task Kernels_Json_HasEveryLayoutOfATypeBesideItsLimit()
    {
        CommandResult result = await CommandLine.RunAsync(
            "bench", "kernels", "--types", "q4_k,F16", "--rows", "100", "--columns", "512", "--bytes", "1", "--threads", "1", "--json");
        using JsonDocument document = JsonDocument.Parse(result.AssertSuccess());
        JsonElement[] results = [.. document.RootElement.GetProperty("results").EnumerateArray()];
        Assert.Equal(
            [("Q4_K", "panels"), ("Q4_K", "file"), ("F16", "file")],
            results.Select(item => (item.GetProperty("type").GetString(), item.GetProperty("layout").GetString())));
        Assert.All(results, item =>
        {
            Assert.Equal(1, item.GetProperty("copies").GetInt32());
            Assert.Equal(item.GetProperty("gBs").GetDouble() / item.GetProperty("limitGBs").GetDouble(), item.GetProperty("ratio").GetDouble(), 1e-6);
        });
        Assert.Equal(100 * 512 / 256 * 144, results[1].GetProperty("bytes").GetInt64());
        Assert.True(document.RootElement.GetProperty("barrierNs").GetDouble() > 0);
    }

    [Fact]
    public async Task Kernels_WrongValue_SaysWhat()
    {
        (await CommandLine.RunAsync("bench", "kernels", "--types", "Q3_K")).AssertFault("--types is 'Q3_K'", "Q4_K");
        (await CommandLine.RunAsync("bench", "kernels", "--types", "Q6_K", "--columns", "64")).AssertFault("whole blocks of 256");
        (await CommandLine.RunAsync("bench", "kernels", "--rounds", "3")).AssertFault("--rounds is '3'", "9 or more");
    }

    [Fact]
    public async Task Prefill_Json_HasEveryLength()
    {
        CommandResult result = await CommandLine.RunAsync("bench", "prefill", "--prompt", "7,32", "--rounds", "2", "--json");
        using JsonDocument document = JsonDocument.Parse(result.AssertSuccess());
        JsonElement[] results = [.. document.RootElement.GetProperty("results").EnumerateArray()];
        Assert.Equal([7, 32], results.Select(item => item.GetProperty("prompt").GetInt32()));
        Assert.All(results, item => Assert.True(item.GetProperty("median").GetDouble() <= item.GetProperty("best").GetDouble()));
        (await CommandLine.RunAsync("bench", "prefill", "--prompt", "512")).AssertFault("--prompt has 512", "room for 511");
    }

    [Fact]
    public async Task Load_Table_HasTheFirstTokenBesideLaterOnes()
    {
        CommandResult result = await CommandLine.RunAsync("bench", "load", "--json");
        using JsonDocument document = JsonDocument.Parse(result.AssertSuccess());
        JsonElement report = document.RootElement;
        Assert.Equal(report.GetProperty("firstMs").GetDouble() / report.GetProperty("laterMs").GetDouble(), report.GetProperty("firstRatio").GetDouble(), 1e-6);
        Assert.Contains("first to later", (await CommandLine.RunAsync("bench", "load", "--weights", "mapped")).AssertSuccess(), StringComparison.Ordinal);
    }
}
