using Halo.Planning.Importance;

namespace Halo.Cli.Calibrate;

/// <summary>A whole calibration: fit, measure, write.</summary>
internal sealed class CalibrationRun(CalibrationModel model, CalibrateSetting setting, CalibrationText text)
{
    private const int SensitivityTokens = 4096;

    // Shares of the time that the parts take, for the progress bar.
    private const double FitShare = 0.6;
    private const double ChoiceShare = 0.1;

    internal CalibrationResult Run(IProgress<double> progress, CancellationToken cancellation)
    {
        FittingRun fitting = new(model, setting, text);
        ModelSums sums = fitting.Run(new PartOfProgress(progress, 0, FitShare), cancellation);
        ModelImportance importance = ImportanceFit.Fit(model, setting, sums, cancellation);
        ChoiceScores[] choices = Measure(importance, new PartOfProgress(progress, FitShare, ChoiceShare), cancellation);
        SensitivityMeter meter = new(model, importance, Sample());
        (double whole, double[] cut) = meter.Run(new PartOfProgress(progress, FitShare + ChoiceShare, 1 - FitShare - ChoiceShare), cancellation);
        importance = importance with
        {
            Stages = [.. importance.Stages.Select((stage, i) => stage with { Sensitivity = (float)(Math.Exp(cut[i] - whole) - 1) })],
        };
        PredictorCost cost = PredictorCost.Measure(model.Weights, importance, cancellation);
        Write(importance);
        fitting.Forget();
        return new CalibrationResult(
            importance, sums.Stages[0].Count, text.HeldOut.Sum(sequence => sequence.Length - 1L), fitting.Resumed, choices, cost, whole);
    }

    private ChoiceScores[] Measure(ModelImportance importance, PartOfProgress progress, CancellationToken cancellation)
    {
        ChoiceMeter meter = new(model.Parts, importance, CalibrationModel.MostRows);
        for (int i = 0; i < text.HeldOut.Count; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            model.Run(text.HeldOut[i], meter);
            progress.Report((i + 1.0) / text.HeldOut.Count);
        }

        return [.. Enumerable.Range(0, model.StageCount).Select(meter.Of)];
    }

    private List<int[]> Sample()
    {
        List<int[]> sample = [];
        long tokens = 0;
        foreach (int[] sequence in text.HeldOut.TakeWhile(_ => tokens < SensitivityTokens))
        {
            sample.Add(sequence);
            tokens += sequence.Length;
        }

        return sample;
    }

    private void Write(ModelImportance importance)
    {
        string temporary = setting.Output + ".new";
        using (FileStream file = File.Create(temporary))
        {
            ImportanceFile.Write(file, importance);
        }

        File.Move(temporary, setting.Output, overwrite: true);
    }
}
