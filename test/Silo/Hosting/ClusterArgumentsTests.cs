using System.CommandLine;
using Halo.Boards.Remote;
using Halo.Fabric.Datagrams;
using Halo.Fabric.Streams;
using Halo.Fabric.Wire;
using Halo.Grains;
using Halo.Inference.Quantization;
using Halo.Silo.Hosting;
using Halo.Silo.Tests.Clustering;

namespace Halo.Silo.Tests.Hosting;

/// <summary>The part of a board's command line that makes it a silo.</summary>
public sealed class ClusterArgumentsTests
{
    [Fact]
    public void Read_ClusterAlone_HasDefaults()
    {
        SiloProcessOptions options = Read(["--cluster", "members.db"])!;
        Assert.Equal(("members.db", "halo", 5110, 5111), (options.Cluster, options.ClusterId, options.SiloPort, options.GatewayPort));
        Assert.Equal(new SessionTransport(Topology.Mesh, WireType.F32), options.Transport);
        Assert.Null(options.KvPositions);
        Assert.Equal(KvType.F16, options.KvType);
        Assert.Equal(Speculation.Auto, options.Speculate);
        Assert.Empty(options.Models);
    }

    [Fact]
    public void Read_NoCluster_IsNoSilo() => Assert.Null(Read([]));

    [Fact]
    public void Read_AllOptions_BecomeTheSilos()
    {
        SiloProcessOptions options = Read(
        [
            "--cluster", "postgres://halo@10.0.0.1/halo", "--cluster-id", "attic", "--silo-port", "0", "--gateway-port", "6000", "--transport", "datagram",
            "--topology", "AUTO", "--wire", "q8", "--policy", "relaxed", "--kv-positions", "900", "--kv-type", "q8_0",
            "--speculate", "off",
        ])!;
        Assert.Equal(("attic", 0, 6000, 900), (options.ClusterId, options.SiloPort, options.GatewayPort, options.KvPositions));
        Assert.Equal(KvType.Q8_0, options.KvType);
        Assert.Equal(Speculation.Off, options.Speculate);
        Assert.Equal(new SessionTransport(Topology.Auto, WireType.Q8, DeliveryPolicy.Relaxed), options.Transport);
    }

    [Fact]
    public void Read_PolicyOverStreams_HasNoDatagrams() =>
        Assert.Null(Read(["--cluster", "members.db", "--transport", "stream", "--policy", "strict"])!.Transport.Datagrams);

    [Fact]
    public void Parse_ClusterWithJoin_AsksToLeaveOneOut()
    {
        string fault = Assert.Single(Faults("--cluster", "members.db", "--join", "http://10.0.0.1:8080"));
        Assert.Contains("leave one of the two out", fault, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--cluster-id", "attic")]
    [InlineData("--silo-port", "5110")]
    [InlineData("--gateway-port", "5111")]
    [InlineData("--transport", "stream")]
    [InlineData("--topology", "mesh")]
    [InlineData("--wire", "f32")]
    [InlineData("--policy", "strict")]
    [InlineData("--kv-positions", "900")]
    [InlineData("--kv-type", "f32")]
    [InlineData("--speculate", "auto")]
    public void Parse_ClusterOptionWithoutCluster_IsNamed(string option, string value) =>
        Assert.Equal([$"{option} is for silos of a --cluster; a board that serves a head process is told by that one."], Faults(option, value));

    [Fact]
    public void Parse_SeveralClusterOptionsWithoutCluster_NamesAll() =>
        Assert.Equal(["--topology", "--wire"], Faults("--topology", "star", "--wire", "f16").Select(fault => fault.Split(' ')[0]).Order());

    [Theory]
    [InlineData("--transport", "pigeon", "stream, datagram or grain-call")]
    [InlineData("--transport", "true", "stream, datagram or grain-call")]
    [InlineData("--topology", "ring", "mesh or star or auto")]
    [InlineData("--topology", "1", "mesh or star or auto")]
    [InlineData("--wire", "f64", "f32 or f16 or q8")]
    [InlineData("--wire", "f16,q8", "f32 or f16 or q8")]
    [InlineData("--policy", "brave", "protected or strict or relaxed")]
    [InlineData("--kv-positions", "0", "a whole number above 0")]
    [InlineData("--kv-positions", "1e3", "a whole number above 0")]
    [InlineData("--speculate", "all", "off, auto or a whole number from 1 to 64")]
    [InlineData("--silo-port", "65536", "a whole number from 0 to 65535")]
    [InlineData("--gateway-port", "-1", "a whole number from 0 to 65535")]
    public void Parse_BadValue_SaysWhatItMustBe(string option, string value, string needed)
    {
        string fault = Faults("--cluster", "members.db", option, value)[0];
        Assert.StartsWith($"{option} is '{value}'; it must be ", fault, StringComparison.Ordinal);
        Assert.Equal(needed.Split(" or ").Order(), fault[(fault.IndexOf("must be ", StringComparison.Ordinal) + "must be ".Length)..].TrimEnd('.').Split(" or ").Order());
    }

    [Fact]
    public void Read_Models_AreServedUnderTheirNames()
    {
        using TemporaryFolder folder = new();
        string plain = Touch(folder, "tales-Q8_0.gguf");
        string other = Touch(folder, "b=c.gguf");
        Assert.Equal(
            new Dictionary<string, string> { ["tales-Q8_0"] = plain, ["story teller"] = plain, ["odd"] = other },
            Read(["--cluster", "members.db"], plain, $"story teller={plain}", $"odd={other}")!.Models);
    }

    [Fact]
    public void Read_TwoModelsOfOneName_SaysHowToNameThem()
    {
        using TemporaryFolder folder = new();
        string file = Touch(folder, "tales.gguf");
        IOException fault = Assert.Throws<IOException>(() => Read(["--cluster", "members.db"], file, $"tales={file}"));
        Assert.Equal("Two --model files would be served as tales; give one another name with NAME=FILE.", fault.Message);
    }

    [Theory]
    [InlineData("missing.gguf", "Model missing is to be read from 'missing.gguf'")]
    [InlineData("story=missing.gguf", "Model story is to be read from 'missing.gguf'")]
    [InlineData("story=", "Model story is to be read from ''")]
    public void Read_ModelFileThatIsMissing_NamesModelAndFile(string model, string said) =>
        Assert.StartsWith(said, Assert.Throws<FileNotFoundException>(() => Read(["--cluster", "members.db"], model)).Message, StringComparison.Ordinal);

    [Fact]
    public void Read_MissingModelFileOfABoardWithoutCluster_IsNotLookedAt() => Assert.Null(Read([], "missing.gguf"));

    private static string Touch(TemporaryFolder folder, string name)
    {
        string path = folder.File(name);
        File.WriteAllText(path, "");
        return path;
    }

    private static List<string> Faults(params string[] args) =>
        [.. BoardCommand.Create().Parse(["--key-file", "any.key", .. args]).Errors.Select(fault => fault.Message).Distinct()];

    private static SiloProcessOptions? Read(string[] args, params string[] models)
    {
        ClusterArguments arguments = new();
        RootCommand root = [];
        arguments.AddTo(root);
        ParseResult parsed = root.Parse(args);
        Assert.Empty(parsed.Errors);
        return arguments.Read(parsed, new BoardProcessOptions { Name = "b1", KeyFile = "any.key", ModelFiles = models });
    }
}
