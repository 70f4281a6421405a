using Halo.Boards.Steps;
using Halo.Inference.Model;
using Halo.Inference.Quantization;
using Halo.Inference.Sampling;
using Halo.Planning.Assignment;
using Halo.Planning.Profiles;

namespace Halo.Boards.Tests;

/// <summary>Boards with their shards loaded under a plan, stepped directly: no grains.</summary>
internal sealed class BoardSet : IDisposable
{
    private readonly StepRequest _request = new();

    /// <param name="speeds">Each board's speed.</param>
    /// <param name="threads">Compute threads.</param>
    /// <param name="path">The model; the bundled one where it is left out.</param>
    /// <param name="shareOf">Makes a board's share; of the model file where it is left out.</param>
    /// <param name="change">Changes the plan before it is carried out.</param>
    /// <param name="kvType">How keys and values are kept.</param>
    internal BoardSet(
        double[] speeds, int threads = 2, string? path = null, Func<Board, LoadedModel, BoardModel>? shareOf = null, Func<Plan, Plan>? change = null,
        KvType kvType = KvType.F16)
    {
        Model = LoadedModel.Open("tales", path ?? TestPaths.BundledModel, new StepLimits { KvType = kvType });
        BoardProfile[] profiles = [.. speeds.Select((speed, index) => new BoardProfile($"b{index + 1}", speed, 1L << 30))];
        Host = new BoardHost([.. profiles.Select(profile => new Board(profile))], threads);
        Plan = Planner.Create(Model.Profile, profiles, new PlanRequest { KvPositions = 2048 });
        Plan = change?.Invoke(Plan) ?? Plan;
        foreach (Board board in Host.Boards)
        {
            shareOf?.Invoke(board, Model);
            board.Model(Model).Prepare(Plan);
            Plan.ShardsOf(board.Name).ToList().ForEach(assignment => board.Model(Model).Register(assignment.Slice));
            board.Model(Model).Commit(Plan.Version);
        }

        Runner = new InProcessSessions(Host, new InProcessTransportFactory()).OpenAsync(Model, Plan).GetAwaiter().GetResult();
        Prompt = Model.Tokenizer.Encode("Once upon a time there was a little dog", addBos: true);
    }

    internal LoadedModel Model { get; }

    internal BoardHost Host { get; }

    internal Plan Plan { get; private set; }

    internal StepRunner Runner { get; }

    internal int[] Prompt { get; }

    internal static BoardSet Of(int boards, int threads = 2, KvType kvType = KvType.F16) =>
        new([.. Enumerable.Repeat(1.0, boards)], threads, kvType: kvType);

    internal BoardModel Share(string board) => Host.Find(board).Model(Model);

    /// <summary>Prefills the prompt of a new sequence and returns what follows it.</summary>
    internal Task<RowOutcome> OpenAsync(long sequence)
    {
        _request.Clear();
        _request.Opens.Add(new SequenceSpec { SequenceId = sequence, Tokens = Prompt, Sampling = SamplingParameters.Greedy, TopCount = 2 });
        _request.Step.Rows.AddRange(Prompt.Select((token, position) => new StepRow(sequence, position, token)));
        return RunAsync();
    }

    /// <summary>One greedy step after an outcome.</summary>
    internal Task<RowOutcome> NextAsync(RowOutcome before)
    {
        _request.Clear();
        _request.Step.Rows.Add(new StepRow(before.SequenceId, before.Position + 1, before.TokenId));
        return RunAsync();
    }

    /// <summary>Follows given tokens one by one; each outcome but the last is of the token that comes next.</summary>
    internal async Task<List<RowOutcome>> FollowAsync(long sequence, IReadOnlyList<int> tokens)
    {
        List<RowOutcome> outcomes = [];
        for (int position = 0; position < tokens.Count; position++)
        {
            _request.Clear();
            if (position == 0)
            {
                _request.Opens.Add(new SequenceSpec { SequenceId = sequence, Tokens = [.. tokens], Sampling = SamplingParameters.Greedy, TopCount = 2 });
            }

            _request.Step.Rows.Add(new StepRow(sequence, position, tokens[position]));
            outcomes.Add(await RunAsync());
        }

        return outcomes;
    }

    internal async Task<List<RowOutcome>> GenerateAsync(long sequence, int count)
    {
        List<RowOutcome> outcomes = [await OpenAsync(sequence)];
        while (outcomes.Count < count)
        {
            outcomes.Add(await NextAsync(outcomes[^1]));
        }

        return outcomes;
    }

    internal async Task ReleaseAsync(long sequence)
    {
        _request.Clear();
        _request.Step.PlanVersion = Plan.Version;
        _request.Step.Releases.Add(sequence);
        await Runner.RunAsync(_request);
    }

    /// <summary>Moves a shard as grains do: bulk, whatever happens meanwhile, then the tail and the switch.</summary>
    internal async Task MoveAsync(ShardAssignment shard, string target, Func<Task> meanwhile)
    {
        Plan plan = Plan.Move(shard.Shard, target);
        Host.Boards.ToList().ForEach(board => Share(board.Name).Prepare(plan));
        Share(target).Register(shard.Slice);
        IReadOnlyList<KvMark> copied = await Share(target).ImportKvAsync(shard.Slice, await Share(shard.Board).ExportKvAsync(shard.Slice, []));
        Share(shard.Board).Unregister(shard.Slice, untilRetired: true);
        await meanwhile();
        await Share(target).ImportKvAsync(shard.Slice, await Share(shard.Board).ExportKvAsync(shard.Slice, copied));
        Host.Boards.ToList().ForEach(board => Share(board.Name).Commit(plan.Version));
        Host.Boards.ToList().ForEach(board => Share(board.Name).Retire());
        Plan = plan;
    }

    public void Dispose()
    {
        Host.Dispose();
        Model.Dispose();
    }

    private async Task<RowOutcome> RunAsync()
    {
        _request.Step.PlanVersion = Plan.Version;
        _request.Step.LogitRows.Add(_request.Step.Rows.Count - 1);
        return Assert.Single(await Runner.RunAsync(_request));
    }
}
