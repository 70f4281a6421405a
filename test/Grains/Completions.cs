using System.Text;

namespace Halo.Grains.Tests;

/// <summary>Runs completions through a cluster's grains.</summary>
internal static class Completions
{
    internal static GenerationRequest Greedy(string model, string prompt, int maxTokens) =>
        new() { Model = model, Prompt = prompt, MaxTokens = maxTokens, Sampling = new SamplingOptions { Temperature = 0 } };

    internal static async Task<string> TextAsync(this HaloCluster cluster, GenerationRequest request, CancellationToken cancellationToken = default)
    {
        StringBuilder text = new();
        IGenerationGrain generation = cluster.Grains.GetGrain<IGenerationGrain>(Guid.NewGuid().ToString("N"));
        await foreach (GenerationChunk chunk in generation.GenerateAsync(request, cancellationToken))
        {
            text.Append(chunk.Text);
        }

        return text.ToString();
    }
}
