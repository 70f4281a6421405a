using System.Text.Json;
using Halo.Boards;
using Halo.Inference.Model;
using Halo.Planning.Importance;
using Halo.Planning.Profiles;
using Halo.Silo;

namespace Halo.Cli.Tests.Planning;

public sealed class PlanCommandTests : IDisposable
{
    private const string Boards = """
        {
          // the head board first
          "boards": [
            { "name": "desk", "speed": 4, "memory": "500M", "delayMs": 2.5 },
            { "name": "attic", "speed": 4, "memory": "500M", "delayMs": 2.5, "loss": 0.05 },
            { "name": "shed", "bytesPerSecond": 4e9, "memory": 500000000, "delayMs": 2.5, "loss": 0.2 },
          ]
        }
        """;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Plan_NoImportance_ShowsEachBoardAndWhatATokenTakes()
    {
        string text = (await RunAsync(Boards)).AssertSuccess();
        Assert.Contains("on 3 boards, placement even", text, StringComparison.Ordinal);
        Assert.Contains("desk (head)", text, StringComparison.Ordinal);
        Assert.Contains("policy protected, mesh, each datagram sent 3 times at once", text, StringComparison.Ordinal);
        Assert.Contains("TPOT", text, StringComparison.Ordinal);
        Assert.DoesNotContain("Perplexity", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Plan_Importance_GivesTheLeastToTheBoardThatLosesMost()
    {
        string importance = Importance();
        JsonElement placed = await JsonAsync("--importance", importance, "--policy", "relaxed", "--loss-weight", "0");
        JsonElement even = await JsonAsync("--importance", importance, "--policy", "relaxed", "--placement", "even");
        JsonElement drawn = await JsonAsync("--importance", importance, "--policy", "relaxed", "--placement", "random", "--seed", "3");

        double[] held = [.. placed.GetProperty("boards").EnumerateArray().Select(board => board.GetProperty("importance").GetDouble())];
        Assert.Equal(1, held.Sum(), 1e-6);
        Assert.Equal(held.OrderDescending(), held);
        Assert.Equal(["importance", "even", "random"], new[] { placed, even, drawn }.Select(report => report.GetProperty("placement").GetString()));
        double Lost(JsonElement report) => report.GetProperty("expectedLostShare").GetDouble();
        Assert.True(Lost(placed) < Lost(even) && Lost(placed) < Lost(drawn));
        Assert.Equal(JsonValueKind.Null, placed.GetProperty("perplexityRise").ValueKind);

        string text = (await RunAsync(Boards, "--importance", importance)).AssertSuccess();
        Assert.Contains("under this policy: 0.00 %", text, StringComparison.Ordinal);
        Assert.Contains("Perplexity: not known", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Plan_LossOverride_IsThatOfAllBoards()
    {
        JsonElement calm = await JsonAsync("--policy", "tcp", "--loss-override", "0");
        JsonElement bad = await JsonAsync("--policy", "tcp", "--loss-override", "5", "--topology", "star", "--wire", "f16", "--kv-positions", "512");
        JsonElement time = calm.GetProperty("time");
        Assert.Equal(time.GetProperty("t0Ms").GetDouble(), time.GetProperty("tpotMs").GetDouble());
        Assert.Equal(0, time.GetProperty("waitMs").GetDouble());
        Assert.All(bad.GetProperty("boards").EnumerateArray(), board => Assert.Equal(0.05, board.GetProperty("loss").GetDouble()));
        Assert.True(bad.GetProperty("time").GetProperty("waitMs").GetDouble() > 100);
        Assert.Equal(("star", 512), (bad.GetProperty("topology").GetString(), bad.GetProperty("kvPositions").GetInt32()));
    }

    [Fact]
    public async Task Plan_Replicas_AreHeldByASecondBoard()
    {
        string importance = Importance();
        JsonElement report = await JsonAsync("--importance", importance, "--replicas", "25");
        Assert.True(report.GetProperty("boards").EnumerateArray().Sum(board => board.GetProperty("replicaGroups").GetInt32()) > 0);
        (await RunAsync(Boards, "--replicas", "25")).AssertFault("--importance");
    }

    [Theory]
    [InlineData("", "no JSON")]
    [InlineData("[]", "an object with the fields boards, head, headHoldsShards")]
    [InlineData("{}", "'boards' is missing")]
    [InlineData("""{ "boards": [] }""", "'boards' is missing")]
    [InlineData("""{ "board": [] }""", "no field 'board'")]
    [InlineData("""{ "boards": [ 3 ] }""", "board 1: an object")]
    [InlineData("""{ "boards": [ { "speed": 1, "memory": "1G" } ] }""", "board 1: 'name' is missing")]
    [InlineData("""{ "boards": [ { "name": "", "speed": 1, "memory": "1G" } ] }""", "'name' is \"\"")]
    [InlineData("""{ "boards": [ { "name": "a", "memory": "1G" } ] }""", "board 1 ('a'): exactly one of 'speed'")]
    [InlineData("""{ "boards": [ { "name": "a", "speed": 1, "bytesPerSecond": 1, "memory": "1G" } ] }""", "exactly one of 'speed'")]
    [InlineData("""{ "boards": [ { "name": "a", "speed": -1, "memory": "1G" } ] }""", "'speed' is -1; it must be a number above 0")]
    [InlineData("""{ "boards": [ { "name": "a", "speed": "1", "memory": "1G" } ] }""", "'speed' is \"1\"")]
    [InlineData("""{ "boards": [ { "name": "a", "speed": 1 } ] }""", "'memory' is missing")]
    [InlineData("""{ "boards": [ { "name": "a", "speed": 1, "memory": -5 } ] }""", "'memory' is -5; it must be a number of bytes")]
    [InlineData("""{ "boards": [ { "name": "a", "speed": 1, "memory": "lots" } ] }""", "'memory' is \"lots\"")]
    [InlineData("""{ "boards": [ { "name": "a", "speed": 1, "memory": "1G", "los": 0.1 } ] }""", "no field 'los'; there are name, speed")]
    [InlineData("""{ "boards": [ { "name": "a", "speed": 1, "speed": 2, "memory": "1G" } ] }""", "'speed' is there twice")]
    [InlineData("""{ "boards": [ { "name": "a", "speed": 1, "memory": "1G", "loss": 5 } ] }""", "5 % is 0.05")]
    [InlineData("""{ "boards": [ { "name": "a", "speed": 1, "memory": "1G", "delayMs": -1 } ] }""", "'delayMs' is -1")]
    [InlineData("""{ "boards": [ { "name": "a", "speed": 1, "memory": "1G", "cores": 1.5 } ] }""", "'cores' is 1.5")]
    [InlineData("""{ "boards": [ { "name": "a", "speed": 1, "memory": "1G", "storageBytesPerSecond": -1 } ] }""", "'storageBytesPerSecond' is -1")]
    [InlineData("""{ "boards": [ { "name": "a", "speed": 1, "memory": "1G", "host": 7 } ] }""", "'host' is 7")]
    [InlineData("""{ "boards": [ { "name": "a", "speed": 1, "memory": "1G" }, { "name": "a", "speed": 1, "memory": "1G" } ] }""", "two boards are called 'a'")]
    [InlineData("""{ "head": "z", "boards": [ { "name": "a", "speed": 1, "memory": "1G" } ] }""", "head board 'z'")]
    [InlineData("""{ "headHoldsShards": 1, "boards": [ { "name": "a", "speed": 1, "memory": "1G" } ] }""", "'headHoldsShards' is 1")]
    [InlineData("""{ "boards": [ { "name": "a", "speed": 1, "memory": "1K" } ] }""", "does not fit")]
    public async Task Plan_BadCluster_SaysWhatIsWrongAndWhere(string boards, string said) => (await RunAsync(boards)).AssertFault(said);

    [Fact]
    public async Task Plan_FilesThatAreNotThereOrNotThat_AreNamed()
    {
        string cluster = _folder.Write("boards.json", Boards);
        (await CommandLine.RunAsync("plan", "--cluster", _folder.File("none.json"))).AssertFault("none.json", "--cluster");
        (await CommandLine.RunAsync("plan", "--cluster", cluster, "--importance", _folder.File("none.halo"))).AssertFault("none.halo");
        (await CommandLine.RunAsync("plan", "--cluster", cluster, "--importance", _folder.Write("bad.json", "{}"))).AssertFault("bad.json holds no importance");
        string other = Write("other.halo", 8, [[1], [1]]);
        (await CommandLine.RunAsync("plan", "--cluster", cluster, "--importance", other)).AssertFault("belongs to another model");
        (await CommandLine.RunAsync("plan", "--cluster", cluster, "--loss-override", "100")).AssertFault("--loss-override");
        (await CommandLine.RunAsync("plan")).AssertFault("--cluster");
    }

    private string Importance()
    {
        using LoadedModel model = LoadedModel.Open(BundledModel.Name, BundledModel.Path, new StepLimits());
        ModelProfile profile = model.Profile;
        Random random = new(1);
        return Write("importance.halo", model.Weights.Config.HiddenSize, [.. Enumerable.Range(0, 2 * profile.LayerCount).Select(stage =>
            Enumerable.Range(0, stage % 2 == 0 ? profile.HeadGroupCount : profile.NeuronGroupCount).Select(_ => random.NextSingle()).ToArray())]);
    }

    private string Write(string name, int hiddenSize, float[][] means)
    {
        using FileStream file = File.Create(_folder.File(name));
        ImportanceFile.Write(file, new ModelImportance
        {
            ModelHash = new string('0', 64),
            HiddenSize = hiddenSize,
            Stages = [.. means.Select(mean => new StageImportance { Mean = mean })],
        });
        return _folder.File(name);
    }

    private Task<CommandResult> RunAsync(string boards, params string[] more) =>
        CommandLine.RunAsync(["plan", "--cluster", _folder.Write("boards.json", boards), .. more]);

    private async Task<JsonElement> JsonAsync(params string[] more)
    {
        using JsonDocument document = JsonDocument.Parse((await RunAsync(Boards, ["--json", .. more])).AssertSuccess());
        return document.RootElement.Clone();
    }
}
