using Halo.Boards.Steps;
using Halo.Inference.Model;
using Halo.Inference.Sampling;
using Halo.Planning.Assignment;

namespace Halo.Boards.Tests.Peers;

/// <summary>Greedy steps of one sequence on boards that are joined.</summary>
internal sealed class PeerSteps(StepRunner runner, Plan plan, LoadedModel model)
{
    private readonly StepRequest _request = new();

    /// <summary>What the first tokens after the prompt that <see cref="BoardSet"/> takes are.</summary>
    internal async Task<List<RowOutcome>> GenerateAsync(int count)
    {
        int[] prompt = model.Tokenizer.Encode("Once upon a time there was a little dog", addBos: true);
        _request.Clear();
        _request.Opens.Add(new SequenceSpec { SequenceId = 1, Tokens = prompt, Sampling = SamplingParameters.Greedy, TopCount = 2 });
        _request.Step.Rows.AddRange(prompt.Select((token, position) => new StepRow(1, position, token)));
        List<RowOutcome> outcomes = [await RunAsync()];
        while (outcomes.Count < count)
        {
            RowOutcome before = outcomes[^1];
            _request.Clear();
            _request.Step.Rows.Add(new StepRow(1, before.Position + 1, before.TokenId));
            outcomes.Add(await RunAsync());
        }

        return outcomes;
    }

    private async Task<RowOutcome> RunAsync()
    {
        _request.Step.PlanVersion = plan.Version;
        _request.Step.LogitRows.Add(_request.Step.Rows.Count - 1);
        return Assert.Single(await runner.RunAsync(_request));
    }
}
