using System.Diagnostics;
using System.Text.Json;
using Halo.Cli.Lab;
using Halo.Cli.Lab.Loss;
using Halo.Fabric.Streams;
using Halo.Fabric.Wire;
using Halo.Grains;
using Halo.Inference.Padding;
using Halo.Lab.Model;
using Halo.Lab.Tests;

namespace Halo.Cli.Tests.Lab;

public sealed class LossCommandTests
{
    [Theory]
    [InlineData("--policy", "udp", "one or more of tcp, tcp-low-rto")]
    [InlineData("--topology", "ring", "one or more of mesh, star")]
    [InlineData("--loss", "0,101", "percentages from 0 to 100")]
    [InlineData("--tokens", "1", "2 or more")]
    public async Task Loss_WrongChoice_IsRefused(string option, string value, string needed) =>
        (await CommandLine.RunAsync("lab", "loss", option, value)).AssertFault(option, needed);

    [Fact]
    public void Cells_LossAndBursts_AreCellsOfTheirOwn()
    {
        LinkSettings link = new() { Delay = TimeSpan.FromMilliseconds(2.5), Bursts = new BurstSettings(TimeSpan.FromMilliseconds(10), 0.05) };
        LossSetting setting = new(
            new LinkSetting(4, 1, link, null, null), [0, 5], [LossPolicy.Tcp], [Topology.Mesh], WireType.F32, ModelShape.Parse("512,1536,22,8,8"), 60, TimeSpan.FromSeconds(1));
        Assert.Equal([link with { Bursts = null }, link with { Bursts = null, Loss = 0.05 }, link], setting.Cells);
    }

    [Fact]
    public void PerToken_CountsOfABoardSet_AreDividedUnlessTheyBeganAnew()
    {
        Dictionary<string, long>? before = LinkCounts.Of([new LinkReport { Board = "b1", ResentChunks = 3 }, new LinkReport { Board = "b2", ResentChunks = 4, CopiedChunks = 10 }]);
        Dictionary<string, long>? after = LinkCounts.Of([new LinkReport { Board = "b1", ResentChunks = 9 }, new LinkReport { Board = "b2", ResentChunks = 4, CopiedChunks = 30 }]);

        Dictionary<string, double> perToken = LinkCounts.PerToken(before, after, 4)!;

        Assert.Equal(1.5, perToken["resent"]);
        Assert.Equal(5, perToken["copied"]);
        Assert.Equal(0, perToken["relayed"]);
        Assert.Null(LinkCounts.PerToken(after, before, 4));
        Assert.Null(LinkCounts.PerToken(LinkCounts.Of([]), after, 4));
    }

    [RootFact]
    public async Task Loss_TwoBoardsOverDatagrams_CountsWhatWasLostAndSentAgain()
    {
        using Process process = CommandLine.Start(
            "lab", "loss", "--boards", "2", "--delay-ms", "0.5", "--loss", "10", "--shape", "256,768,6,8,4", "--tokens", "20", "--policy", "strict", "--json");
        string output = (await CommandLine.EndAsync(process)).AssertSuccess();
        using JsonDocument report = JsonDocument.Parse(output);
        JsonElement[] cells = [.. report.RootElement.GetProperty("cells").EnumerateArray()];
        Assert.All(cells, cell => Assert.Equal(0, cell.GetProperty("chunksPerToken").GetProperty("copied").GetDouble()));
        // 26 datagrams and more a token, of which a tenth is lost.
        Assert.True(cells[1].GetProperty("lostPackets").GetInt64() > 20, output);
        Assert.True(cells[1].GetProperty("chunksPerToken").GetProperty("resent").GetDouble() > 0.5, output);
    }

    [RootFact]
    public async Task Loss_TwoBoards_GivesTheSameTextAndFigures()
    {
        using Process process = CommandLine.Start(
            "lab", "loss", "--boards", "2", "--delay-ms", "0.5", "--loss", "2", "--shape", "256,768,6,8,4", "--tokens", "8", "--json");
        string output = (await CommandLine.EndAsync(process)).AssertSuccess();
        using JsonDocument report = JsonDocument.Parse(output);
        JsonElement[] cells = [.. report.RootElement.GetProperty("cells").EnumerateArray()];
        Assert.Equal([0, 2], cells.Select(cell => cell.GetProperty("lossPercent").GetDouble()));
        Assert.All(cells, cell => Assert.True(cell.GetProperty("sameText").GetBoolean()));
        // 14 stages of half a millisecond, two messages and more each.
        Assert.All(cells, cell => Assert.True(cell.GetProperty("tpotMs").GetDouble() > 7, output));
        Assert.All(cells, cell => Assert.True(cell.GetProperty("framesPerToken").GetDouble() > 26, output));
        Assert.Empty(Directory.EnumerateFiles("/run/netns", $"halo-lab-{process.Id}-*"));
    }
}
