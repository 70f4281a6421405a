using Halo.Inference.Model;
using Halo.Inference.Model.Observation;
using Halo.Inference.Quantization;
using Halo.Planning.Importance;
using Halo.Planning.Importance.Fitting;

namespace Halo.Cli.Calibrate;

/// <summary>Turns sums into importance: means, predictors and stand-ins.</summary>
internal static class ImportanceFit
{
    private const double Ridge = 1e-3;

    // Of the bytes of the feed-forward: a token's scores are to cost little beside what they save. In Q8_0 the whole map still fits: a float for each
    // input of a group of 32 neurons is 4 / (3 * 32 * 1.0625) of it.
    private const double MostPredictorShare = 0.04;

    internal static ModelImportance Fit(CalibrationModel model, CalibrateSetting setting, ModelSums sums, CancellationToken cancellation)
    {
        RidgeRegression[] inputs = new RidgeRegression[sums.Stages.Count];
        StageImportance[] stages = new StageImportance[sums.Stages.Count];
        for (int i = 0; i < stages.Length; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            StageSums own = sums.Stages[i];
            inputs[i] = new RidgeRegression(own.Inputs, Ridge);
            GroupParts parts = model.Parts[i];
            int rank = i % 2 == 0 ? parts.GroupCount : setting.Rank ?? RankFor(model.Weights.Layout, i / 2, parts.GroupCount);
            stages[i] = new StageImportance
            {
                Mean = own.MeanShares(),
                MeanParts = MeanParts(parts, own.MeanHidden(), model.Config.HiddenSize),
                Predictor = inputs[i].Fit(own.Scores).ToPredictor(own.Inputs, rank),
                EarlyPredictor = own.EarlyScores is null ? null : inputs[i - 1].Fit(own.EarlyScores).ToPredictor(sums.Stages[i - 1].Inputs, rank),
                Surrogates = own.HiddenOutputs is null || setting.SurrogateRank == 0
                    ? []
                    : SurrogateFit.Fit(parts, inputs[i].Fit(own.HiddenOutputs), own.Inputs, setting.SurrogateRank, model.Config.HiddenSize),
            };
        }

        return new ModelImportance { ModelHash = model.Hash, HiddenSize = model.Config.HiddenSize, Stages = stages };
    }

    /// <summary>The largest rank whose predictor is small beside its feed-forward; as many as there are groups where the whole map is.</summary>
    private static int RankFor(ModelLayout layout, int layer, int groups)
    {
        LayerTypes types = layout.Layers[layer];
        ModelConfig config = layout.Config;
        double bytes = (types.GateBytes(config.HiddenSize) + TensorTypes.RowBytes(types.Up, config.HiddenSize)) * config.IntermediateSize
            + (TensorTypes.RowBytes(types.Down, config.IntermediateSize) * config.HiddenSize);
        double numbers = bytes * MostPredictorShare / sizeof(float);
        return numbers >= (double)groups * config.HiddenSize
            ? groups
            : Math.Clamp((int)(numbers / (config.HiddenSize + groups)), 1, Math.Min(groups, GroupPredictor.MostRank));
    }

    private static float[] MeanParts(GroupParts parts, double[] meanHidden, int hiddenSize)
    {
        float[] hidden = Array.ConvertAll(meanHidden, mean => (float)mean);
        float[] means = new float[parts.GroupCount * hiddenSize];
        for (int group = 0; group < parts.GroupCount; group++)
        {
            parts.AddPart(group, hidden, 1, means.AsSpan(group * hiddenSize, hiddenSize));
        }

        return means;
    }
}
