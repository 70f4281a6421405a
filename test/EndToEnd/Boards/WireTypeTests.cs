using System.Globalization;
using Halo.Boards.Steps;
using Halo.Fabric.Streams;
using Halo.Fabric.Wire;
using Halo.Inference.Model;
using Halo.Inference.Sampling;
using Halo.Planning.Assignment;
using Xunit.Abstractions;

namespace Halo.EndToEnd.Tests.Boards;

/// <summary>
/// Rounded partial sums between processes: the head board compares the residual checksums of all boards after every step, so a step that goes
/// through proves them equal.
/// </summary>
[Collection(BoardTests.Name)]
public sealed class WireTypeTests(ITestOutputHelper output)
{
    private const float MostByF16 = 2e-2f;
    private const int GivenTokens = 48; // in one step
    private const int DecodeSteps = 16; // and one at a time

    [SharedTheory("models/stories260K/stories260K-F32.gguf", "models/halo-tales/halo-tales-F32.gguf")]
    [InlineData("stories260K", "stories260K-F32.gguf")]
    [InlineData("halo-tales", "halo-tales-F32.gguf")]
    public async Task Run_ThreeProcessesOnRoundedWires_StaysNearTheF32LogitsWithEqualResiduals(string model, string file)
    {
        using ClusterFolder folder = new();
        await using BoardSet boards = await BoardSet.StartAsync(folder, 2);
        await using BareHead head = new(folder, TestPaths.Shared($"models/{model}/{file}"));
        foreach (BoardProgram board in boards)
        {
            await head.AttachAsync(board);
        }

        Plan plan = await head.LoadAsync();
        int[] tokens = [.. head.Loaded.Tokenizer.Encode(Heads.Prompt + Heads.ReferenceText(model, file), addBos: true).Take(GivenTokens + DecodeSteps)];
        float[][] exact = await LogitsAsync(head, plan, new StreamOptions(Topology.Mesh, WireType.F32), tokens);
        foreach (Topology topology in (Topology[])[Topology.Mesh, Topology.Star])
        {
            foreach (WireType wire in Enum.GetValues<WireType>())
            {
                float[][] logits = await LogitsAsync(head, plan, new StreamOptions(topology, wire), tokens);
                float difference = exact.Zip(logits, (a, b) => a.Zip(b, (x, y) => Math.Abs(x - y)).Max()).Max();
                output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{model} {topology} {wire}: logits differ by at most {difference:0.000000}"));
                Assert.InRange(difference, wire == WireType.F32 ? 0 : float.Epsilon, wire switch { WireType.F32 => 0, WireType.F16 => MostByF16, _ => 1 });
            }
        }
    }

    // All logits of a given text: the beginning in one step, the rest in steps of one row.
    private static async Task<float[][]> LogitsAsync(BareHead head, Plan plan, StreamOptions options, int[] tokens)
    {
        LogitTap? tap = null;
        StepRunner runner = await head.JoinAsync(plan, options, transport => tap = new LogitTap(transport));
        StepRequest request = new();
        request.Opens.Add(new SequenceSpec { SequenceId = 1, Tokens = tokens, Sampling = SamplingParameters.Greedy });
        for (int position = 0; position < tokens.Length; position++)
        {
            request.Step.Rows.Add(new StepRow(1, position, tokens[position]));
            request.Step.LogitRows.Add(request.Step.Rows.Count - 1);
            if (position + 1 >= GivenTokens)
            {
                request.Step.PlanVersion = plan.Version;
                await runner.RunAsync(request);
                request.Clear();
            }
        }

        Assert.Equal(1 + tokens.Length - GivenTokens, tap!.Steps.Count);
        return [.. tap.Steps];
    }
}
