using System.Text;
using System.Text.Json;
using Halo.Grains;
using Halo.Silo;

namespace Halo.EndToEnd.Tests.Boards;

/// <summary>The test's own process as the head process of boards in other processes.</summary>
internal static class Heads
{
    internal const string Prompt = "Once upon a time";

    /// <summary>Options for a head process with these boards.</summary>
    /// <param name="folder">The cluster.</param>
    /// <param name="boards">The boards of other processes.</param>
    /// <param name="speeds">Relative speeds, the head process's first; equal where there are none, so that every board has a fair share of the work.</param>
    internal static HaloClusterOptions Options(ClusterFolder folder, IReadOnlyCollection<BoardProgram> boards, params double[] speeds) => new()
    {
        KeyFile = folder.KeyFile,
        BoardUrls = [.. boards.Select(board => board.Url)],
        Speeds = [.. speeds.Length > 0 ? speeds : Enumerable.Repeat(1.0, boards.Count + 1)],
        Threads = 1,
    };

    /// <summary>Starts the head process and takes all its boards into service.</summary>
    internal static async Task<HaloCluster> StartAsync(HaloClusterOptions options)
    {
        HaloCluster cluster = await HaloCluster.StartAsync(options);
        Assert.Empty(await cluster.ConnectAsync());
        return cluster;
    }

    /// <summary>A greedy completion.</summary>
    internal static async Task<string> TextAsync(this HaloCluster cluster, string model, int maxTokens, Func<string, Task>? onChunk = null)
    {
        GenerationRequest request = new()
        {
            Model = model,
            Prompt = Prompt,
            MaxTokens = maxTokens,
            Sampling = new SamplingOptions { Temperature = 0 },
        };
        StringBuilder text = new();
        await foreach (GenerationChunk chunk in cluster.Grains.GetGrain<IGenerationGrain>(Guid.NewGuid().ToString("N")).GenerateAsync(request))
        {
            text.Append(chunk.Text);
            if (onChunk is not null)
            {
                await onChunk(text.ToString());
            }
        }

        return text.ToString();
    }

    /// <summary>The text that llama.cpp gives after the prompt, and this project with it.</summary>
    internal static string ReferenceText(string folder, string file)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(TestPaths.Shared($"models/{folder}/reference-greedy.json")));
        return document.RootElement.GetProperty("runs").EnumerateArray()
            .First(run => run.GetProperty("file").GetString() == file && run.GetProperty("prompt").GetString() == Prompt)
            .GetProperty("text").GetString()!;
    }
}
