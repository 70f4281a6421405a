using Halo.Grains.Placement;
using Halo.Planning.Assignment;
using Orleans.Concurrency;

namespace Halo.Grains.Layers;

/// <summary>
/// Knows a layer's shards, and adds up its stages for the grain-call transport. Reentrant: the contributions of a stage wait here for each other.
/// </summary>
[HeadBoardPlacement]
[Reentrant]
internal sealed class LayerGrain(PlanCatalog plans) : Grain, ILayerGrain
{
    private readonly Dictionary<int, StageSum> _stages = []; // of the step at hand
    private (int Plan, long Step) _at; // boards that are joined anew count their steps anew, under a newer plan

    public Task<ShardPlace[]> GetShardsAsync()
    {
        string key = this.GetPrimaryKeyString();
        int layer = GrainKeys.LayerOf(key);
        Plan? plan = plans.Newest(GrainKeys.ModelOf(key));
        ShardPlace[] shards = [.. (plan?.Shards ?? [])
            .Where(assignment => assignment.Shard.Layer == layer)
            .Select(assignment => new ShardPlace(assignment.Shard.ToString(), assignment.FirstGroup, assignment.GroupCount, assignment.Board))];
        return Task.FromResult(shards);
    }

    public Task<StageTotal> ContributeAsync(StageContribution contribution, CancellationToken cancellationToken = default)
    {
        (int Plan, long Step) at = (contribution.PlanVersion, contribution.StepNumber);
        if (at.CompareTo(_at) < 0)
        {
            throw new OrleansException($"A contribution to step {at.Step} of plan {at.Plan} came after step {_at.Step} of plan {_at.Plan} had begun.");
        }

        if (at != _at)
        {
            BeginStep(at);
        }

        if (!_stages.TryGetValue(contribution.Stage, out StageSum? stage))
        {
            stage = new StageSum(contribution.PlanVersion, contribution.BoardCount);
            _stages.Add(contribution.Stage, stage);
        }

        if (!stage.TryAdd(contribution))
        {
            throw new OrleansException(
                $"Board {contribution.Board} of {contribution.BoardCount} contributed twice, {contribution.PartialSum.Length} bytes where others gave another number, "
                + $"or under plan {contribution.PlanVersion} that the others do not share.");
        }

        return stage.Total.WaitAsync(cancellationToken);
    }

    private void BeginStep((int Plan, long Step) at)
    {
        foreach (StageSum stage in _stages.Values.Where(stage => !stage.IsComplete))
        {
            stage.Abandon($"Step {_at.Step} was given up.");
        }

        _stages.Clear();
        _at = at;
    }
}
