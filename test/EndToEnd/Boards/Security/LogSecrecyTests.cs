using Halo.Grains;
using Halo.Silo;

namespace Halo.EndToEnd.Tests.Boards.Security;

/// <summary>A board that logs all it can tells neither keys nor what people ask.</summary>
[Collection(BoardTests.Name)]
public sealed class LogSecrecyTests
{
    private const string Folder = "stories260K";
    private const string ModelFile = "models/stories260K/stories260K-F32.gguf";
    private const string Prompt = "Zebedee whispered to purple lanterns";

    private static readonly Dictionary<string, string> s_everything = new()
    {
        ["Logging__LogLevel__Default"] = "Trace",
        ["Logging__LogLevel__Microsoft"] = "Trace",
        ["Logging__LogLevel__Microsoft.AspNetCore"] = "Trace",
    };

    [SharedFact(ModelFile)]
    public async Task Trace_AWholeLife_HasNeitherKeysNorPrompts()
    {
        using ClusterFolder folder = new();
        using ClusterFolder otherFolder = new();
        await using BoardProgram board = await BoardProgram.StartInAsync(s_everything, folder, "b2");
        HaloClusterOptions options = Heads.Options(folder, [board]);
        options.Models[Folder] = TestPaths.Shared(ModelFile);
        string text = "";
        await using (HaloCluster cluster = await Heads.StartAsync(options))
        {
            GenerationRequest request = new() { Model = Folder, Prompt = Prompt, MaxTokens = 20, Sampling = new SamplingOptions { Temperature = 0 } };
            await foreach (GenerationChunk chunk in cluster.Grains.GetGrain<IGenerationGrain>("1").GenerateAsync(request))
            {
                text += chunk.Text;
            }
        }

        HaloClusterOptions others = Heads.Options(otherFolder, [board]);
        await using (HaloCluster stranger = await HaloCluster.StartAsync(others))
        {
            Assert.Single(await stranger.ConnectAsync());
        }

        await RawSocket.SendAsync(board.ControlPort, "nonsense\r\n\r\n"u8.ToArray());
        await RawSocket.SendAsync(board.DataPort, new byte[100]);
        board.Program.Terminate();
        Assert.Equal(0, await board.Program.ExitAsync());

        string output = board.Program.Output + board.Program.Errors;
        Assert.Contains("dbug: Microsoft.AspNetCore", output, StringComparison.Ordinal); // it did log all it can
        Assert.Contains("dbug: Halo.Board", output, StringComparison.Ordinal);
        Assert.Contains("cluster keys differ", output, StringComparison.Ordinal);
        Secrets.AssertNone(output, folder);
        Secrets.AssertNone(output, otherFolder);
        foreach (string word in Prompt.Split(' ').Where(word => word.Length > 2).Append(text.Trim()))
        {
            Assert.DoesNotContain(word, output, StringComparison.OrdinalIgnoreCase);
        }

        Assert.DoesNotContain("secret", output, StringComparison.OrdinalIgnoreCase);
    }
}
