using Halo.Boards.Steps;
using Halo.Inference.Quantization;
using Halo.Inference.Tests;
using Halo.Inference.Tests.Model.Architectures;

namespace Halo.Boards.Tests.Steps;

/// <summary>Models that differ from LLaMA, on boards that add up their sums and compare their residuals in every step.</summary>
public sealed class ArchitectureStepTests
{
    [Theory]
    [InlineData("llama-biases")]
    [InlineData("qwen2")]
    [InlineData("qwen3")]
    [InlineData("phi3")]
    [InlineData("gpt2")]
    public async Task RunAsync_OnSeveralBoards_GivesTheTokensOfOne(string name)
    {
        using TemporaryFile file = new TinyModel(TinySpecs.Of(name)).Write();
        using BoardSet one = new([1], path: file.Path, kvType: KvType.F32);
        List<RowOutcome> expected = await FollowAsync(one);
        Assert.True(expected.Select(outcome => outcome.LogProbability).Distinct().Count() > 15, "The same few outcomes over and over would show little.");
        foreach (double[] speeds in new double[][] { [1, 1], [1, 2, 3], [1, 1, 1, 1, 1, 1, 1, 1] })
        {
            // Eight boards are more than there are head groups or neuron groups: some hold no shard of a stage, but all biases.
            using BoardSet several = new(speeds, path: file.Path, kvType: KvType.F32);
            List<RowOutcome> actual = await FollowAsync(several);
            Assert.Equal(expected.Select(outcome => outcome.TokenId), actual.Select(outcome => outcome.TokenId));
            Assert.All(expected.Zip(actual), pair => Assert.InRange(Math.Abs(pair.First.LogProbability - pair.Second.LogProbability), 0, 1e-4));
        }
    }

    // Tokens from outside: a random model's own soon go in a circle.
    private static Task<List<RowOutcome>> FollowAsync(BoardSet boards) =>
        boards.FollowAsync(1, [.. Enumerable.Range(0, 21).Select(i => 3 + (i * 11 % 77))]);
}
