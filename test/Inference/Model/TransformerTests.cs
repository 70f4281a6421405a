using Halo.Inference.Model;
using Halo.Inference.Threading;
using Halo.Inference.Tokenization;

namespace Halo.Inference.Tests.Model;

public sealed class TransformerTests
{
    [SharedTheory("models/stories260K/stories260K-F32.gguf", "models/halo-tales/halo-tales-F32.gguf")]
    [InlineData("stories260K", "stories260K-F32.gguf", 1)]
    [InlineData("stories260K", "stories260K-F32.gguf", 3)]
    [InlineData("stories260K", "stories260K-F16.gguf", 2)]
    [InlineData("halo-tales", "halo-tales-F32.gguf", 2)]
    public void Forward_Greedy_GivesReferenceTokens(string model, string file, int threads)
    {
        foreach (string prompt in new[] { "Once upon a time", "The dog was" })
        {
            ReferenceRun reference = ReferenceRun.Read(TestPaths.Shared($"models/{model}/reference-greedy.json"), file, prompt);
            int[] ids = Greedy(TestPaths.Shared($"models/{model}/{file}"), prompt, 200, threads);
            Assert.Equal(UpToEnd(reference.Ids), UpToEnd(ids));
        }
    }

    [SharedFact("models/halo-tales/reference-greedy.json")]
    public void Forward_BundledModelGreedy_GivesReferenceTokensUpToTheFirstNearTie()
    {
        foreach (string prompt in new[] { "Once upon a time", "Lily and Tom", "The dog was", "Ben was sad because" })
        {
            ReferenceRun reference = ReferenceRun.Read(TestPaths.Shared("models/halo-tales/reference-greedy.json"), "halo-tales-Q8_0.gguf", prompt);
            int sure = Math.Min(reference.FirstNearTie, reference.Ids.Length);
            Assert.True(sure > 50, $"'{prompt}' has a near tie at {sure}; the comparison would say little.");
            Assert.Equal(reference.Ids[..sure], Greedy(TestPaths.BundledModel, prompt, sure, threads: 2));
        }
    }

    [SharedFact("models/halo-tales/halo-tales-Q8_0.gguf")]
    public void BundledModel_IsTheSharedOne() =>
        Assert.True(File.ReadAllBytes(TestPaths.BundledModel).AsSpan().SequenceEqual(File.ReadAllBytes(TestPaths.Shared("models/halo-tales/halo-tales-Q8_0.gguf"))));

    private static IEnumerable<int> UpToEnd(int[] ids) => ids.TakeWhile(id => id != 1);

    private static int[] Greedy(string path, string text, int count, int threads)
    {
        using ModelWeights weights = ModelWeights.Open(path);
        using WorkerTeam team = new(threads, "test", spin: false);
        using Transformer transformer = new(weights, new StepLimits(), team);
        int[] prompt = TokenizerFactory.Create(weights.File.Metadata).Encode(text, addBos: true);
        Step step = new();
        List<int> ids = [];
        for (int i = 0; i < prompt.Length; i++)
        {
            step.Rows.Add(new StepRow(7, i, prompt[i]));
        }

        step.LogitRows.Add(prompt.Length - 1);
        while (ids.Count < count)
        {
            ReadOnlySpan<float> logits = transformer.Forward(step);
            int best = System.Numerics.Tensors.TensorPrimitives.IndexOfMax(logits);
            ids.Add(best);
            step.Clear();
            step.Rows.Add(new StepRow(7, prompt.Length + ids.Count - 1, best));
            step.LogitRows.Add(0);
        }

        return [.. ids];
    }
}
