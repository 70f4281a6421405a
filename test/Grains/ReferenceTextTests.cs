using System.Text.Json;

namespace Halo.Grains.Tests;

public sealed class ReferenceTextTests
{
    [SharedTheory("models/stories260K/stories260K-F32.gguf", "models/stories260K/reference-greedy.json")]
    [MemberData(nameof(Layouts))]
    public Task Generate_Stories260K_GivesReferenceText(int boards, TransportKind transport) =>
        CheckAsync("models/stories260K", "stories260K-F32.gguf", boards, transport);

    [SharedTheory("models/halo-tales/halo-tales-F32.gguf", "models/halo-tales/reference-greedy.json")]
    [MemberData(nameof(Layouts))]
    public Task Generate_HaloTales_GivesReferenceText(int boards, TransportKind transport) =>
        CheckAsync("models/halo-tales", "halo-tales-F32.gguf", boards, transport);

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
        const string prompt = "Once upon a time";
        string text = await cluster.TextAsync(Completions.Greedy("model", prompt, 200));
        Assert.Equal(Reference(TestPaths.Shared($"{folder}/reference-greedy.json"), file, prompt), text);
    }

    private static string Reference(string path, string file, string prompt)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
        return document.RootElement.GetProperty("runs").EnumerateArray()
            .First(run => run.GetProperty("file").GetString() == file && run.GetProperty("prompt").GetString() == prompt)
            .GetProperty("text").GetString()!;
    }
}
