using System.Diagnostics;
using Halo.Inference.Gguf;
using Halo.Inference.Model;
using Halo.Inference.Padding;
using Halo.Inference.Quantization;
using Halo.Inference.RandomModels;
using Halo.Inference.Threading;
using Halo.Inference.Tokenization;

namespace Halo.Inference.Tests.Gguf.Fuzz;

/// <summary>
/// Spoiled files open, or are refused with a reason: nothing crashes, hangs or takes memory that the file does not justify. 1,000 files in all, and twenty
/// times as many in the nightly run.
/// </summary>
public sealed class SpoiledFileTests
{
    private const int FilesEach = 200;
    private const long MostBytes = 48 << 20; // beyond what the sound file takes; a vocabulary of 32,000 tokens takes 10 MB
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    [SharedTheory("models/stories260K/stories260K-Q4_0mix.gguf", "models/babyllama105/babyllama105-Q8_0.gguf", "models/tokenizers/llama.cpp-vocab/ggml-vocab-llama-spm.gguf")]
    [InlineData("models/stories260K/stories260K-Q4_0mix.gguf", FilesEach)]
    [InlineData("models/babyllama105/babyllama105-Q8_0.gguf", FilesEach)]
    [InlineData("models/tokenizers/llama.cpp-vocab/ggml-vocab-llama-spm.gguf", FilesEach / 4)] // 32,000 tokens take their time
    public Task Open_SharedModelSpoiled_OpensOrIsRefused(string path, int count) => CheckAsync(TestPaths.Shared(path), count);

    [Fact]
    public Task Open_BundledModelSpoiled_OpensOrIsRefused() => CheckAsync(TestPaths.BundledModel, 3 * FilesEach / 2);

    [Theory]
    [InlineData(TensorType.F32)]
    [InlineData(TensorType.Q4_0)]
    public async Task Open_MadeModelSpoiled_OpensOrIsRefused(TensorType type)
    {
        using TemporaryFile sound = new();
        using (GgufFile vocabulary = GgufFile.Open(TestPaths.BundledModel))
        {
            RandomModel.Write(vocabulary, new RandomModelOptions(new ModelShape(64, 96, 2, 4, 2), 300, 128, type, Seed: 5), sound.Path);
        }

        await CheckAsync(sound.Path, FilesEach * 5 / 8);
    }

    private static async Task CheckAsync(string path, int count)
    {
        GgufParts sound = GgufParts.Of(path);
        GgufMutator mutator = new(new Random(20_250_611));
        using TemporaryFile file = new();
        (int refused, int opened) = (0, 0);
        for (int round = 0; round < count * Nightly.Repeats; round++)
        {
            GgufMutator.Spoiled spoiled = mutator.Spoil(sound);
            using (FileStream stream = File.Create(file.Path))
            {
                stream.Write(spoiled.Header);
                stream.SetLength(spoiled.Length); // zeros that take no space
            }

            // On a thread of its own, so that one which hangs is told by name.
            Task<string> check = Task.Factory.StartNew(() => Check(file.Path), TaskCreationOptions.LongRunning);
            Assert.True(await Task.WhenAny(check, Task.Delay(s_patience)) == check, $"Round {round} ({spoiled.Change}) takes more than {s_patience}.");
            string fault = await check;
            Assert.True(fault.Length == 0 || fault[0] == '+', $"Round {round} ({spoiled.Change}): {fault}");
            (refused, opened) = fault.Length == 0 ? (refused, opened + 1) : (refused + 1, opened);
        }

        // Both must happen, or the files are spoiled too much or too little to tell anything.
        Assert.True(refused > count / 4 && opened > 0, $"{refused} were refused and {opened} opened.");
    }

    // Empty where the model opened, "+ reason" where it was refused, else what went wrong.
    private static string Check(string path)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        Stopwatch watch = Stopwatch.StartNew();
        string outcome;
        try
        {
            Use(path);
            outcome = "";
        }
        catch (GgufFormatException refusal)
        {
            outcome = refusal.Message.Length is > 0 and <= 1100 && !refusal.Message.Any(char.IsControl) ? "+ " + refusal.Message : $"no reason for people: {refusal.Message}";
        }
        catch (Exception fault)
        {
            outcome = fault.ToString();
        }

        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        return allocated <= MostBytes ? outcome : $"{allocated:N0} bytes were allocated in {watch.Elapsed}; {outcome}";
    }

    // As far as it gets: the directory, the tokenizer and the model each on their own, and a few tokens where the model is one of usual size.
    private static void Use(string path)
    {
        using (GgufFile file = GgufFile.Open(path))
        {
            foreach (GgufTensorInfo tensor in file.TensorList)
            {
                _ = file.Row(tensor, tensor.Rows - 1)[^1];
            }

            ITokenizer tokenizer = TokenizerFactory.Create(file.Metadata);
            int[] tokens = tokenizer.Encode("Once upon a time, Tom saw 3 cats.", tokenizer.AddBos);
            _ = tokenizer.Decode(tokens);
            _ = tokenizer.TokenBytes(tokenizer.VocabularySize - 1);
            if (file.TensorList.Count == 0)
            {
                Assert.Throws<GgufFormatException>(() => ModelWeights.Open(path));
                return;
            }
        }

        using ModelWeights weights = ModelWeights.Open(path);
        if (weights.Config.ContextLength <= 4096)
        {
            Forward(weights);
        }
    }

    private static void Forward(ModelWeights weights)
    {
        using WorkerTeam team = new(1, "spoiled", spin: false);
        using Transformer transformer = new(weights, new StepLimits(MaxRows: 2, MaxLogitRows: 1, MaxSequences: 1), team);
        Step step = new();
        step.Rows.Add(new StepRow(1, 0, 0));
        if (weights.Config.ContextLength > 1)
        {
            step.Rows.Add(new StepRow(1, 1, weights.Config.VocabularySize - 1));
        }

        step.LogitRows.Add(step.Rows.Count - 1);
        Assert.Equal(weights.Config.VocabularySize, transformer.Forward(step).Length);
    }
}
