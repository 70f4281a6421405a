using Halo.Boards;
using Halo.Boards.Steps;
using Halo.Inference.Model;
using Halo.Inference.Sampling;
using Halo.Planning.Assignment;

namespace Halo.Grains.Tests;

/// <summary>Drives a cluster's boards step by step, as the scheduler would, so that a test decides what happens between two tokens.</summary>
internal sealed class StepDriver(HaloCluster cluster, string model)
{
    private readonly StepRequest _request = new();
    private readonly LoadedModel _model = cluster.Models.Open(model);

    internal async Task<Plan> PlanAsync() => (await cluster.Grains.GetGrain<IModelGrain>(model).GetPlanAsync()).ToPlan();

    /// <summary>Greedy tokens; <paramref name="between"/> runs before each step but the first.</summary>
    internal async Task<string> GenerateAsync(string prompt, int count, Func<int, Task> between)
    {
        Plan plan = await PlanAsync();
        StepRunner runner = cluster.Boards.FindRunner(plan)!;
        List<int> tokens = [.. _model.Tokenizer.Encode(prompt, addBos: true)];
        int given = tokens.Count;
        _request.Clear();
        _request.Opens.Add(new SequenceSpec { SequenceId = -1, Tokens = tokens, Sampling = SamplingParameters.Greedy });
        for (int position = 0; position < given; position++)
        {
            _request.Step.Rows.Add(new StepRow(-1, position, tokens[position]));
        }

        while (true)
        {
            _request.Step.PlanVersion = (await PlanAsync()).Version;
            _request.Step.LogitRows.Add(_request.Step.Rows.Count - 1);
            int next = (await runner.RunAsync(_request))[0].TokenId;
            if (_model.Tokenizer.EndTokens.Contains(next) || tokens.Count - given == count)
            {
                break;
            }

            tokens.Add(next);
            await between(tokens.Count - given);
            _request.Clear();
            _request.Step.Rows.Add(new StepRow(-1, tokens.Count - 1, next));
        }

        _request.Clear();
        _request.Step.PlanVersion = (await PlanAsync()).Version;
        _request.Step.Releases.Add(-1);
        await runner.RunAsync(_request);
        return string.Concat(tokens.Skip(given).Select(token => System.Text.Encoding.UTF8.GetString(_model.Tokenizer.TokenBytes(token))));
    }
}
