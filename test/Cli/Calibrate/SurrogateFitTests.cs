using System.Numerics.Tensors;
using Halo.Cli.Calibrate;
using Halo.Inference.Model.Observation;
using Halo.Planning.Importance;

namespace Halo.Cli.Tests.Calibrate;

public sealed class SurrogateFitTests
{
    // The more rank a stand-in has, the nearer it is to the part on the tokens that it was fitted on; the mean part is rank 0.
    [SharedFact(CommandLine.Story)]
    public void Fit_OfMoreRank_ComesNearerToTheParts()
    {
        using TemporaryFolder folder = new();
        using CalibrationModel model = new(TestPaths.Shared(CommandLine.Story), threads: 1);
        CalibrateSetting setting = new(
            folder.Write("text.txt", MadeText.Stories(20, seed: 1)), folder.File("out.halo"), 200, 0.1, null, 24, 1, null, SurrogateRank: 1, Threads: 1);
        CalibrationText text = CalibrationText.Read(setting, model.Tokenizer, model.Config.ContextLength);
        ModelSums sums = new FittingRun(model, setting, text).Run(new Progress<double>(), CancellationToken.None);

        double before = double.PositiveInfinity;
        foreach (int rank in new[] { 0, 1, 4 })
        {
            ModelImportance importance = ImportanceFit.Fit(model, setting with { SurrogateRank = rank }, sums, CancellationToken.None);
            ErrorMeter meter = new(model, importance);
            foreach (int[] sequence in text.Fitting)
            {
                model.Run(sequence, meter);
            }

            Assert.InRange(meter.Share, 0.001, 0.999);
            Assert.True(meter.Share < before - 0.005, $"Rank {rank} leaves {meter.Share:P1} of the parts' squares, less rank {before:P1}.");
            before = meter.Share;
        }
    }

    private sealed class ErrorMeter(CalibrationModel model, ModelImportance importance) : IStageObserver
    {
        private double _squares;
        private double _errors;

        internal double Share => _errors / _squares;

        void IStageObserver.Observe(in StageView stage)
        {
            StageImportance own = importance.Stages[stage.Index];
            for (int row = 0; row < stage.Rows; row++)
            {
                for (int group = 0; group < own.GroupCount && stage.Position(row) > 0; group++)
                {
                    float[] part = new float[importance.HiddenSize];
                    float[] guess = new float[importance.HiddenSize];
                    model.Parts[stage.Index].AddPart(group, stage.Hidden(row), 1, part);
                    if (own.Surrogates.Count > 0)
                    {
                        own.Surrogates[group].AddTo(stage.Input(row), guess);
                    }
                    else
                    {
                        own.MeanPart(group).CopyTo(guess);
                    }

                    _squares += TensorPrimitives.SumOfSquares<float>(part);
                    _errors += Math.Pow(TensorPrimitives.Distance<float>(part, guess), 2);
                }
            }
        }
    }
}
