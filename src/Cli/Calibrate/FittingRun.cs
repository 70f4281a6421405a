using System.Diagnostics;

namespace Halo.Cli.Calibrate;

/// <summary>Runs the fitting text through the model and sums up; goes on from a partial state, and leaves one when it is cancelled.</summary>
internal sealed class FittingRun(CalibrationModel model, CalibrateSetting setting, CalibrationText text)
{
    private static readonly TimeSpan s_saveEvery = TimeSpan.FromSeconds(5);

    private readonly PartialState _state = new(model, setting, text);

    /// <summary>Sequences that a broken-off run had done already.</summary>
    internal int Resumed { get; private set; }

    internal ModelSums Run(IProgress<double> progress, CancellationToken cancellation)
    {
        ModelSums sums = new(model, setting);
        Resumed = _state.Load(sums);
        long saved = Stopwatch.GetTimestamp();
        for (int i = Resumed; i < text.Fitting.Count; i++)
        {
            if (cancellation.IsCancellationRequested)
            {
                _state.Save(i, sums);
                cancellation.ThrowIfCancellationRequested();
            }

            model.Run(text.Fitting[i], sums, chunkDone: sums.AddChunk);
            progress.Report((i + 1.0) / text.Fitting.Count);
            if (Stopwatch.GetElapsedTime(saved) > s_saveEvery)
            {
                _state.Save(i + 1, sums);
                saved = Stopwatch.GetTimestamp();
            }
        }

        _state.Save(text.Fitting.Count, sums); // what follows takes a while too
        return sums;
    }

    /// <summary>Removes the state once the output is there.</summary>
    internal void Forget() => _state.Delete();
}
