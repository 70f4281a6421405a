using System.Net;
using System.Net.Sockets;
using Halo.Gateway.Serving;
using Halo.Grains;
using Halo.Silo;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Halo.Gateway;

public sealed class StartTests
{
    [Fact]
    public void Build_FriendlyArguments_BecomeOptions()
    {
        using IDisposable app = (IDisposable)Program.Build(
            ["--boards", "2", "--transport=grain-call", "--threads", "1", "--model", $"tales={TestPaths.BundledModel}", "--speed", "1,2.5", "--kv-positions", "900"]);
        HaloClusterOptions options = ((WebApplication)app).Services.GetRequiredService<HaloClusterOptions>();

        Assert.Equal((2, TransportKind.GrainCall, 1, 900), (options.Boards, options.Transport, options.Threads, options.KvPositions));
        Assert.Equal([1, 2.5], options.Speeds);
        Assert.Equal(TestPaths.BundledModel, options.Models["tales"]);
        Assert.Equal(["tales"], ((WebApplication)app).Services.GetRequiredService<ServedModels>().Names);
    }

    [Fact]
    public async Task Build_BoardArguments_BecomeOptions()
    {
        using TemporaryKey key = new();
        await using WebApplication app = Program.Build(
        [
            "--key-file", key.Path, "--board", "http://10.0.0.12:5100", "--board=http://10.0.0.13:5100", "--head-holds-shards", "false",
            "--speed", "1,2,4", "--wire", "f16", "--topology", "star",
        ]);
        HaloClusterOptions options = app.Services.GetRequiredService<HaloClusterOptions>();

        Assert.Equal(["http://10.0.0.12:5100", "http://10.0.0.13:5100"], options.BoardUrls);
        Assert.Equal((key.Path, false, 1), (options.KeyFile, options.HeadHoldsShards, options.LocalBoards));
        Assert.Equal([1, 2, 4], options.Speeds);
        Assert.NotNull(app.Services.GetRequiredService<ClusterIdentity>().Head);
    }

    [Fact]
    public async Task Build_NoKeyFile_HasNoIdentity()
    {
        await using WebApplication app = Program.Build([]);

        Assert.Null(app.Services.GetRequiredService<ClusterIdentity>().Head);
    }

    [Fact]
    public void Build_KeyFileThatCannotBeUsed_SaysWhy()
    {
        Assert.Contains("There is no key file nowhere.key", Assert.Throws<StartException>(() => Program.Build(["--key-file", "nowhere.key"])).Message, StringComparison.Ordinal);
        using TemporaryKey key = new("short");
        Assert.Contains("at least 16", Assert.Throws<StartException>(() => Program.Build(["--key-file", key.Path])).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("need the cluster's key", "--board", "http://10.0.0.12:5100")]
    [InlineData("'10.0.0.12' is no address of a board", "--board", "10.0.0.12")]
    [InlineData("Halo:HeadHoldsShards is 'perhaps'; it must be true or false", "--head-holds-shards", "perhaps")]
    [InlineData("this process carries 1", "--key-file", "any.key", "--boards", "4")]
    [InlineData("3 numbers above 0", "--key-file", "any.key", "--board", "http://a:1", "--board", "http://b:1", "--speed", "1,2")]
    [InlineData("an address twice", "--key-file", "any.key", "--board", "http://a:1", "--board", "http://A:1")]
    [InlineData("RetryInterval is 00:00:00", "--Halo:Gateway:RetryInterval", "00:00:00")]
    public void Build_BadBoardArguments_SaysWhatIsNeeded(string said, params string[] args) =>
        Assert.Contains(said, Assert.Throws<StartException>(() => Program.Build(args)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("off", Speculation.Off)]
    [InlineData("auto", Speculation.Auto)]
    [InlineData("12", 12)]
    [InlineData(null, Speculation.Auto)]
    public async Task Build_Speculate_BecomesAnOption(string? value, int expected)
    {
        await using WebApplication app = Program.Build(value is null ? [] : ["--speculate", value]);
        Assert.Equal(expected, app.Services.GetRequiredService<HaloClusterOptions>().Speculate);
    }

    [Theory]
    [InlineData("--speculate is 'much'; it must be off, auto", "--speculate", "much")]
    [InlineData("Speculate is 65", "--Halo:Speculate", "65")]
    public void Build_BadSpeculate_SaysWhatIsNeeded(string said, params string[] args) =>
        Assert.Contains(said, Assert.Throws<StartException>(() => Program.Build(args)).Message, StringComparison.Ordinal);

    [Fact]
    public void Build_ModelFile_IsServedUnderItsName()
    {
        using IDisposable app = (IDisposable)Program.Build(["--model", TestPaths.BundledModel]);

        Assert.Equal(["halo-tales"], ((WebApplication)app).Services.GetRequiredService<ServedModels>().Names);
    }

    [Fact]
    public void Build_BadOptions_TellsAllFaults()
    {
        StartException fault = Assert.Throws<StartException>(() => Program.Build(
        [
            "--boards", "99", "--threads", "many", "--transport", "pigeon", "--Halo:Bords", "3", "--model", "missing.gguf",
            "--Halo:Gateway:MaxRequestsInFlight", "0", "--speed", "1,fast",
        ]));

        foreach (string part in (string[])["Boards is 99", "Halo:Threads is 'many'", "Halo:Transport is 'pigeon'", "Halo:Bords is no option", "missing.gguf", "MaxRequestsInFlight is 0", "Halo:Speeds is '1,fast'"])
        {
            Assert.Contains(part, fault.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Build_BadArguments_TellsAllFaults()
    {
        StartException fault = Assert.Throws<StartException>(() => Program.Build(["--bords", "3", "four", "--threads"]));

        Assert.Contains("--bords is no option", fault.Message, StringComparison.Ordinal);
        Assert.Contains("'four' stands alone", fault.Message, StringComparison.Ordinal);
        Assert.Contains("--threads has no value", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_PortInUse_ExitsWithOne()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        string[] args = ["--urls", $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}"];

        Assert.Equal(1, await GatewayStart.RunAsync(args, () => Program.Build(args)));
    }

    [Fact]
    public async Task Run_BadOptions_ExitsWithOne() =>
        Assert.Equal(1, await GatewayStart.RunAsync([], () => Program.Build(["--boards", "0"])));
}
