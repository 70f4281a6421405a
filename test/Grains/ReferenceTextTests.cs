using System.Text;
using System.Text.Json;

namespace Halo.Grains.Tests;

public sealed class ReferenceTextTests
{
    private const string Prompt = "Once upon a time";

    [SharedTheory("models/stories260K/stories260K-F32.gguf", "models/stories260K/reference-greedy.json")]
    [MemberData(nameof(Layouts))]
    public Task Generate_Stories260K_GivesReferenceText(int boards, TransportKind transport) =>
        CheckAsync("models/stories260K", "stories260K-F32.gguf", boards, transport);

    [SharedTheory("models/halo-tales/halo-tales-F32.gguf", "models/halo-tales/reference-greedy.json")]
    [MemberData(nameof(Layouts))]
    public Task Generate_HaloTales_GivesReferenceText(int boards, TransportKind transport) =>
        CheckAsync("models/halo-tales", "halo-tales-F32.gguf", boards, transport);

    // Quantised activations amplify another order of rounding, so the text is only pinned up to the first step at which two tokens are nearly alike.
    [SharedTheory("models/halo-tales/reference-greedy.json")]
    [MemberData(nameof(Layouts))]
    public async Task Generate_BundledModel_GivesReferenceTextUpToFirstNearTie(int boards, TransportKind transport)
    {
        await using HaloCluster cluster = await HaloCluster.StartAsync(new HaloClusterOptions { Boards = boards, Transport = transport });
        JsonElement run = ReferenceRun(TestPaths.Shared("models/halo-tales/reference-greedy.json"), "halo-tales-Q8_0.gguf", Prompt);
        int firstNearTie = run.GetProperty("near_ties")[0][0].GetInt32();
        Assert.InRange(firstNearTie, 50, 200);

        string expected = string.Concat(run.GetProperty("ids").EnumerateArray().Take(firstNearTie)
            .Select(id => Encoding.UTF8.GetString(cluster.Models.Open(BundledModel.Name).Tokenizer.TokenBytes(id.GetInt32()))));
        Assert.Equal(expected, await cluster.TextAsync(Completions.Greedy(BundledModel.Name, Prompt, firstNearTie)));
    }

    public static TheoryData<int, TransportKind> Layouts()
    {
        TheoryData<int, TransportKind> layouts = [];
        foreach (int boards in new[] { 1, 2, 3, 4, 6, 8 })
        {
            layouts.Add(boards, TransportKind.InProcess);
            layouts.Add(boards, TransportKind.GrainCall);
        }

        return layouts;
    }

    private static async Task CheckAsync(string folder, string file, int boards, TransportKind transport)
    {
        await using HaloCluster cluster = await HaloCluster.StartAsync(new HaloClusterOptions
        {
            Boards = boards,
            Transport = transport,
            Models = { ["model"] = TestPaths.Shared($"{folder}/{file}") },
        });
        string text = await cluster.TextAsync(Completions.Greedy("model", Prompt, 200));
        Assert.Equal(ReferenceRun(TestPaths.Shared($"{folder}/reference-greedy.json"), file, Prompt).GetProperty("text").GetString(), text);
    }

    private static JsonElement ReferenceRun(string path, string file, string prompt)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
        return document.RootElement.GetProperty("runs").EnumerateArray()
            .First(run => run.GetProperty("file").GetString() == file && run.GetProperty("prompt").GetString() == prompt)
            .Clone();
    }
}
