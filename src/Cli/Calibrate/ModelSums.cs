using Halo.Inference.Model.Observation;

namespace Halo.Cli.Calibrate;

/// <summary>Sums up what a fit needs of every stage, over the sequences that a model computes.</summary>
internal sealed class ModelSums : IStageObserver
{
    private readonly StageSums[] _sums;
    private readonly StageSamples[] _samples;
    private readonly ParallelOptions _parallel;

    internal ModelSums(CalibrationModel model, CalibrateSetting setting)
    {
        int hiddenSize = model.Config.HiddenSize;
        _sums = [.. model.Parts.Select((parts, stage) => new StageSums(parts, hiddenSize, stage % 2 == 1, setting.SurrogateRank > 0))];
        _samples = [.. model.Parts.Select(parts => new StageSamples(parts, hiddenSize))];
        _parallel = new ParallelOptions { MaxDegreeOfParallelism = setting.Threads };
    }

    internal IReadOnlyList<StageSums> Stages => _sums;

    void IStageObserver.Observe(in StageView stage) => _samples[stage.Index].Take(stage);

    /// <summary>Adds the chunk that was observed; each stage's sums are added to in the order of the chunks, however many threads there are.</summary>
    internal void AddChunk() => Parallel.For(0, _sums.Length, _parallel, stage => _sums[stage].Add(_samples[stage], stage % 2 == 1 ? _samples[stage - 1] : null));

    internal void Save(BinaryWriter writer) => Array.ForEach(_sums, sums => sums.Save(writer));

    internal void Load(BinaryReader reader) => Array.ForEach(_sums, sums => sums.Load(reader));
}
