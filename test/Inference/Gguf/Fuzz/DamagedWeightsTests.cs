using Halo.Inference.Gguf;
using Halo.Inference.Model;
using Halo.Inference.Quantization;
using Halo.Inference.Sampling;
using Halo.Inference.Tests.Model;
using Halo.Inference.Threading;

namespace Halo.Inference.Tests.Gguf.Fuzz;

/// <summary>Sound headers over damaged data: scales that are not numbers, or infinite, and bytes of any kind. A token comes of it, or an error in words.</summary>
public sealed class DamagedWeightsTests
{
    public static TheoryData<string> Damages() => [.. s_fills.Keys];

    // Of each 16-bit word: all ones are NaN in every float type; 7C00 and FBFF are infinity and the least number of f16; 7F80 infinity of f32 and bf16.
    private static readonly Dictionary<string, Action<byte[]>> s_fills = new()
    {
        ["NaN"] = data => data.AsSpan().Fill(0xFF),
        ["f16 infinity"] = data => Words(data, 0x7C00),
        ["f16 least"] = data => Words(data, 0xFBFF),
        ["f32 infinity"] = data => Words(data, 0x7F80),
        ["f32 largest"] = data => Words(data, 0x7F7F),
        ["any bytes"] = data => new Random(data.Length).NextBytes(data),
        ["a NaN here and there"] = data =>
        {
            for (int i = 100; i + 1 < data.Length; i += 1000)
            {
                (data[i], data[i + 1]) = (0xFF, 0x7F);
            }
        },
    };

    [Theory]
    [MemberData(nameof(Damages))]
    public void Sample_DamagedWeights_GivesATokenOrSaysSo(string damage)
    {
        foreach (TensorType type in (TensorType[])[TensorType.F32, TensorType.F16, TensorType.BF16, TensorType.Q8_0, TensorType.Q4_0])
        {
            MadeModel made = new() { Fill = s_fills[damage] };
            foreach (string name in made.Tensors.Keys.Where(name => !name.Contains("norm", StringComparison.Ordinal)).ToArray())
            {
                made.Tensors[name] = made.Tensors[name] with { Type = type };
            }

            using TemporaryFile file = made.Write();
            Generate(file.Path);
        }
    }

    [SharedTheory("models/halo-tales/halo-tales-Q4_K_M.gguf", "models/halo-tales/halo-tales-Q6_K.gguf", "models/halo-tales/halo-tales-Q5_0.gguf")]
    [InlineData("models/halo-tales/halo-tales-Q4_K_M.gguf")]
    [InlineData("models/halo-tales/halo-tales-Q6_K.gguf")]
    [InlineData("models/halo-tales/halo-tales-Q5_0.gguf")]
    public void Sample_DamagedWeightsOfAnotherType_GivesATokenOrSaysSo(string path)
    {
        byte[] sound = File.ReadAllBytes(TestPaths.Shared(path));
        int headerBytes = GgufParts.Of(TestPaths.Shared(path)).Header().Length;
        using TemporaryFile file = new();
        foreach (Action<byte[]> fill in s_fills.Values)
        {
            byte[] data = sound[headerBytes..];
            fill(data);
            File.WriteAllBytes(file.Path, [.. sound[..headerBytes], .. data]);
            try
            {
                Generate(file.Path);
            }
            catch (GgufFormatException refusal)
            {
                Assert.Contains("cannot be computed", refusal.Message, StringComparison.Ordinal);
            }
        }
    }

    // A few tokens each way of choosing them, on one thread and on two.
    private static void Generate(string path)
    {
        using ModelWeights weights = ModelWeights.Open(path);
        foreach (SamplingParameters parameters in (SamplingParameters[])[SamplingParameters.Greedy, new() { Seed = 1 }, new() { TopK = 0, TopP = 1, MinP = 0, RepetitionPenalty = 1.3f }])
        {
            using WorkerTeam team = new(parameters.Temperature == 0 ? 1 : 2, "damaged", spin: false);
            using Transformer transformer = new(weights, new StepLimits(MaxRows: 4, MaxLogitRows: 1, MaxSequences: 1), team);
            Sampler sampler = new(parameters, weights.Config.VocabularySize);
            int[] tokens = [1, 2, 3, 4];
            for (int position = 0; position < 12;)
            {
                Step step = new();
                step.Rows.AddRange(tokens.Select((token, row) => new StepRow(1, position + row, token)));
                step.LogitRows.Add(tokens.Length - 1);
                position += tokens.Length;
                float[] logits = transformer.Forward(step).ToArray();
                try
                {
                    int token = sampler.Sample(logits, tokens).Token;
                    Assert.InRange(token, 0, weights.Config.VocabularySize - 1);
                    tokens = [token];
                }
                catch (ArithmeticException fault)
                {
                    Assert.Matches("damaged|no token is possible", fault.Message);
                    break;
                }
            }
        }
    }

    private static void Words(byte[] data, ushort word)
    {
        for (int i = 0; i + 1 < data.Length; i += 2)
        {
            (data[i], data[i + 1]) = ((byte)word, (byte)(word >> 8));
        }
    }
}
