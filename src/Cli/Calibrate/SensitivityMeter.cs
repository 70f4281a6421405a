using System.Numerics.Tensors;
using Halo.Inference.Model.Observation;
using Halo.Planning.Importance;

namespace Halo.Cli.Calibrate;

/// <summary>Measures what the model loses when one stage goes without a quarter of its groups, those predicted least important for each token.</summary>
internal sealed class SensitivityMeter(CalibrationModel model, ModelImportance importance, IReadOnlyList<int[]> sequences)
{
    internal const double DroppedShare = 0.25;

    /// <summary>Nats per token as it is, and with each stage cut.</summary>
    internal (double Whole, double[] Cut) Run(IProgress<double> progress, CancellationToken cancellation)
    {
        double whole = Nll(new Dropper(model, importance, -1), cancellation);
        double[] cut = new double[model.StageCount];
        for (int stage = 0; stage < cut.Length; stage++)
        {
            cut[stage] = Nll(new Dropper(model, importance, stage), cancellation);
            progress.Report((stage + 1.0) / cut.Length);
        }

        return (whole, cut);
    }

    private double Nll(Dropper dropper, CancellationToken cancellation)
    {
        double sum = 0;
        long count = 0;
        foreach (int[] tokens in sequences)
        {
            cancellation.ThrowIfCancellationRequested();
            model.Run(tokens, dropper, (first, logits) =>
            {
                int vocabulary = model.Config.VocabularySize;
                for (int row = 0; row < logits.Length / vocabulary && first + row + 1 < tokens.Length; row++)
                {
                    sum += Surprise(logits.Span.Slice(row * vocabulary, vocabulary), tokens[first + row + 1]);
                    count++;
                }
            });
        }

        return sum / count;
    }

    private static double Surprise(ReadOnlySpan<float> logits, int token)
    {
        float largest = TensorPrimitives.Max(logits);
        double sum = 0;
        foreach (float logit in logits)
        {
            sum += Math.Exp(logit - largest);
        }

        return Math.Log(sum) - (logits[token] - largest);
    }

    private sealed class Dropper(CalibrationModel model, ModelImportance importance, int dropped) : IStageObserver
    {
        void IStageObserver.Observe(in StageView stage)
        {
            if (stage.Index != dropped)
            {
                return;
            }

            StageImportance own = importance.Stages[dropped];
            float[] scores = new float[own.GroupCount];
            int[] order = new int[own.GroupCount];
            int count = Math.Max(1, (int)(own.GroupCount * DroppedShare));
            for (int row = 0; row < stage.Rows; row++)
            {
                if (stage.Position(row) == 0)
                {
                    continue;
                }

                own.Predictor!.Score(stage.Input(row), scores);
                ImportanceMass.Rank(scores, order);
                foreach (int group in order.AsSpan(order.Length - count))
                {
                    model.Parts[dropped].AddPart(group, stage.Hidden(row), -1, stage.Output(row));
                }
            }
        }
    }
}
