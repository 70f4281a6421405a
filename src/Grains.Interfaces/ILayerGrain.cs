namespace Halo.Grains;

/// <summary>
/// One layer of a model; its key is <c>model/layer</c>. It knows the layer's shards, and with the grain-call transport it is the all-reduce.
/// </summary>
[Alias("halo.layer")]
public interface ILayerGrain : IGrainWithStringKey
{
    /// <summary>The layer's shards under the committed plan and where they are.</summary>
    [Alias("shards")]
    Task<ShardPlace[]> GetShardsAsync();

    /// <summary>
    /// Takes one board's partial sum and answers with the total once every board of the plan has contributed. The total is the plain sum in
    /// the plan's order of boards. Cancelling ends the wait when the step is given up.
    /// </summary>
    [Alias("contribute")]
    Task<StageTotal> ContributeAsync(StageContribution contribution, CancellationToken cancellationToken = default);
}

/// <summary>Where a shard is.</summary>
/// <param name="Shard">The shard's name.</param>
/// <param name="FirstGroup">Its first group.</param>
/// <param name="GroupCount">Its groups.</param>
/// <param name="Board">The board that holds it.</param>
[GenerateSerializer, Immutable, Alias("halo.shard-place")]
public sealed record ShardPlace(
    [property: Id(0)] string Shard, [property: Id(1)] int FirstGroup, [property: Id(2)] int GroupCount, [property: Id(3)] string Board);

/// <summary>One board's part of a stage.</summary>
/// <param name="PlanVersion">The plan under which it was computed.</param>
/// <param name="StepNumber">The step.</param>
/// <param name="Stage">The stage within the step, from 0.</param>
/// <param name="Board">The board's place in the plan's order.</param>
/// <param name="BoardCount">Boards of the plan, all of which contribute.</param>
/// <param name="PartialSum">f32, little endian, (rows, hiddenSize); empty where the board holds no shard of the stage.</param>
[GenerateSerializer, Immutable, Alias("halo.stage-contribution")]
public sealed record StageContribution(
    [property: Id(0)] int PlanVersion,
    [property: Id(1)] long StepNumber,
    [property: Id(2)] int Stage,
    [property: Id(3)] int Board,
    [property: Id(4)] int BoardCount,
    [property: Id(5)] byte[] PartialSum);

/// <summary>The sum of a stage's contributions: f32, little endian, (rows, hiddenSize).</summary>
/// <param name="Sum">The total.</param>
[GenerateSerializer, Immutable, Alias("halo.stage-total")]
public sealed record StageTotal([property: Id(0)] byte[] Sum);
