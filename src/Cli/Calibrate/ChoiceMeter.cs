using System.Numerics.Tensors;
using Halo.Inference.Model.Observation;
using Halo.Inference.Model.Pieces;
using Halo.Planning.Importance;

namespace Halo.Cli.Calibrate;

/// <summary>Measures on tokens that were not fitted on how well the groups that matter are told, stage by stage.</summary>
internal sealed class ChoiceMeter : IStageObserver
{
    /// <summary>Share of the mass that the critical set holds.</summary>
    internal const double CriticalMass = 0.95;

    private static readonly int s_choices = Enum.GetValues<Choice>().Length;

    private readonly IReadOnlyList<GroupParts> _parts;
    private readonly IReadOnlyList<StageImportance> _stages;
    private readonly double[,] _mass;     // (stage, choice): sums
    private readonly double[,] _recall;
    private readonly double[] _critical;  // (stage): sum of the critical sets' sizes
    private readonly long[] _count;
    private readonly float[] _before;     // (rows, hiddenSize): inputs of the attention of the same layer

    internal ChoiceMeter(IReadOnlyList<GroupParts> parts, ModelImportance importance, int maxRows)
    {
        _parts = parts;
        _stages = importance.Stages;
        _mass = new double[_stages.Count, s_choices];
        _recall = new double[_stages.Count, s_choices];
        _critical = new double[_stages.Count];
        _count = new long[_stages.Count];
        _before = new float[maxRows * importance.HiddenSize];
    }

    internal ChoiceScores Of(int stage) => new(
        [.. Enumerable.Range(0, s_choices).Select(choice => _mass[stage, choice] / _count[stage])],
        [.. Enumerable.Range(0, s_choices).Select(choice => _recall[stage, choice] / _count[stage])],
        _critical[stage] / _count[stage] / _stages[stage].GroupCount);

    void IStageObserver.Observe(in StageView stage)
    {
        int groups = _stages[stage.Index].GroupCount;
        float[] shares = new float[groups];
        float[] scores = new float[groups];
        int[] ideal = new int[groups];
        for (int row = 0; row < stage.Rows; row++)
        {
            if (stage.Kind == PieceKind.Attention)
            {
                stage.Input(row).CopyTo(_before.AsSpan(row * stage.Input(row).Length));
            }

            if (stage.Position(row) == 0)
            {
                continue;
            }

            GroupShares.Of(_parts[stage.Index], stage, row, shares);
            ImportanceMass.Rank(shares, ideal);
            int critical = ImportanceMass.CriticalCount(shares, ideal, CriticalMass);
            _critical[stage.Index] += critical;
            _count[stage.Index]++;
            foreach (Choice choice in Enum.GetValues<Choice>())
            {
                bool has = Score(choice, stage, row, shares, scores);
                Count(stage.Index, choice, has, shares, scores, ideal.AsSpan(0, critical));
            }
        }
    }

    private void Count(int stage, Choice choice, bool has, ReadOnlySpan<float> shares, ReadOnlySpan<float> scores, ReadOnlySpan<int> critical)
    {
        int[] order = new int[shares.Length];
        ImportanceMass.Rank(scores, order);
        _mass[stage, (int)choice] += has ? ImportanceMass.Captured(shares, order.AsSpan(0, Math.Max(1, order.Length / 2))) : double.NaN;
        _recall[stage, (int)choice] += has ? ImportanceMass.Recall(critical, order.AsSpan(0, critical.Length)) : double.NaN;
    }

    private bool Score(Choice choice, in StageView stage, int row, ReadOnlySpan<float> shares, Span<float> scores)
    {
        StageImportance importance = _stages[stage.Index];
        ReadOnlySpan<float> input = stage.Input(row);
        switch (choice)
        {
            case Choice.Static:
                importance.Mean.ToArray().CopyTo(scores);
                return true;
            case Choice.Early:
                importance.EarlyPredictor?.Score(_before.AsSpan(row * input.Length, input.Length), scores);
                return importance.EarlyPredictor is not null;
            case Choice.Same:
                importance.Predictor?.Score(input, scores);
                return importance.Predictor is not null;
            case Choice.Cats:
                return stage.HasGate && ScoreMagnitudes(stage.Index, Silu(stage.Gate(row)), scores);
            case Choice.Teal:
                return ScoreMagnitudes(stage.Index, stage.Hidden(row), scores);
            default:
                shares.CopyTo(scores);
                return true;
        }
    }

    private bool ScoreMagnitudes(int stage, ReadOnlySpan<float> values, Span<float> scores)
    {
        for (int group = 0; group < scores.Length; group++)
        {
            (int first, int count) = _parts[stage].Elements(group);
            scores[group] = TensorPrimitives.SumOfMagnitudes(values.Slice(first, count));
        }

        return true;
    }

    private static float[] Silu(ReadOnlySpan<float> gate)
    {
        float[] activated = new float[gate.Length];
        TensorPrimitives.Sigmoid(gate, activated);
        TensorPrimitives.Multiply(activated, gate, activated);
        return activated;
    }
}
