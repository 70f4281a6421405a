namespace Halo.EndToEnd.Tests.Boards;

/// <summary>A gateway and three boards, four processes, as a user starts them.</summary>
[Collection(BoardTests.Name)]
public sealed class GatewayWithBoardsTests
{
    [Fact]
    public async Task Boards_JoinDieReturn_AndTheGatewayServesThroughout()
    {
        using ClusterFolder folder = new();
        await using GatewayProgram gateway = await GatewayProgram.StartAsync(arguments: ["--key-file", folder.KeyFile, "--speed", "1"]);
        string alone = await gateway.CompleteAsync();
        await using BoardSet boards = await BoardSet.StartAsync(folder, 3, "--join", gateway.Url);
        await gateway.AllHoldShardsAsync("b1", "b2", "b3", "b4");

        string plain = await gateway.CompleteAsync();
        Assert.StartsWith(alone[..40], plain, StringComparison.Ordinal); // quantised weights: another order of sums may tip a near tie later
        Assert.Equal(plain, await gateway.StreamedTextAsync());
        Assert.Equal(plain, await gateway.CompleteWithOpenAIClientAsync());

        TimedStream stream = await TimedStream.ReadAsync(gateway, maxTokens: 200, (5, boards[0].Program.Kill));
        Assert.True(stream.IsWhole, stream.Fault);
        Assert.StartsWith(alone[..40], stream.Text, StringComparison.Ordinal);
        Assert.StartsWith(alone[..40], await gateway.CompleteAsync(), StringComparison.Ordinal);
        Assert.Equal("dead", (await gateway.BoardsAsync())["b2"].GetProperty("state").GetString());

        await boards.RestartAsync(0, "--join", gateway.Url);
        await gateway.AllHoldShardsAsync("b1", "b2", "b3", "b4");
        Assert.Equal(plain, await gateway.CompleteAsync());
    }

    [Fact]
    public async Task Board_OfATakenName_IsRefusedInWords()
    {
        using ClusterFolder folder = new();
        await using GatewayProgram gateway = await GatewayProgram.StartAsync(arguments: ["--key-file", folder.KeyFile, "--speed", "1"]);
        await using BoardProgram first = await BoardProgram.StartAsync(folder, "b2", more: ["--join", gateway.Url]);
        await gateway.AllHoldShardsAsync("b1", "b2");
        await using BoardProgram second = await BoardProgram.StartAsync(folder, "b2", more: ["--join", gateway.Url]);
        await using BoardProgram third = await BoardProgram.StartAsync(folder, "b1", more: ["--join", gateway.Url]);
        foreach ((BoardProgram refused, string where) in new[] { (second, first.Url), (third, "this process") })
        {
            await refused.Program.UntilAsync(
                () => Task.FromResult(refused.Program.Output.Contains($"A board named {refused.Name} is in service already", StringComparison.Ordinal)),
                "the refusal");
            Assert.Contains(where, refused.Program.Output, StringComparison.Ordinal);
        }

        await gateway.AllHoldShardsAsync("b1", "b2");
        Assert.Equal(first.Url, (await gateway.BoardsAsync())["b2"].GetProperty("address").GetString());
    }

    [Fact]
    public async Task Gateway_Restarted_HasItsBoardsAgain()
    {
        using ClusterFolder folder = new();
        string url = $"http://127.0.0.1:{GatewayProgram.FreePort()}";
        string[] arguments = ["--key-file", folder.KeyFile, "--speed", "1", "--head-holds-shards", "false"];
        await using GatewayProgram before = await GatewayProgram.StartAsync(url, arguments);
        await using BoardSet boards = await BoardSet.StartAsync(folder, 2, "--join", url);
        await before.AllHoldShardsAsync("b2", "b3");
        string text = await before.CompleteAsync();
        before.Program.Kill();
        await before.DisposeAsync();

        await using GatewayProgram after = await GatewayProgram.StartAsync(url, arguments);
        await after.AllHoldShardsAsync("b2", "b3");
        Assert.Equal(text, await after.CompleteAsync());
    }
}
