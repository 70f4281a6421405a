using Halo.Inference.Model.Observation;
using Halo.Planning.Importance.Fitting;

namespace Halo.Cli.Calibrate;

/// <summary>What is summed up of one stage over the tokens that are fitted on.</summary>
internal sealed class StageSums
{
    private readonly double[] _shares; // (groups): sum of s
    private readonly double[] _hidden; // (width): sum of h

    /// <param name="parts">The stage's groups.</param>
    /// <param name="hiddenSize">Elements of the residual stream.</param>
    /// <param name="isFeedForward">Whether the groups are guessed half a layer ahead as well.</param>
    /// <param name="withSurrogates">Whether sums for stand-ins are kept.</param>
    internal StageSums(GroupParts parts, int hiddenSize, bool isFeedForward, bool withSurrogates)
    {
        _shares = new double[parts.GroupCount];
        _hidden = new double[parts.Width];
        Inputs = new InputMoments(hiddenSize);
        Scores = new OutputMoments(hiddenSize, parts.GroupCount);
        EarlyScores = isFeedForward ? new OutputMoments(hiddenSize, parts.GroupCount) : null;
        HiddenOutputs = withSurrogates ? new OutputMoments(hiddenSize, parts.Width) : null;
    }

    /// <summary>The stage's normalised inputs.</summary>
    internal InputMoments Inputs { get; }

    /// <summary>log s by the stage's own input.</summary>
    internal OutputMoments Scores { get; }

    /// <summary>log s by the input of the stage before.</summary>
    internal OutputMoments? EarlyScores { get; }

    /// <summary>h by the stage's own input.</summary>
    internal OutputMoments? HiddenOutputs { get; }

    internal long Count => Inputs.Count;

    /// <summary>Mean of s of each group.</summary>
    internal float[] MeanShares() => Array.ConvertAll(_shares, sum => (float)(sum / Count));

    /// <summary>Mean of h.</summary>
    internal double[] MeanHidden() => Array.ConvertAll(_hidden, sum => sum / Count);

    /// <summary>Adds samples.</summary>
    /// <param name="samples">The stage's samples.</param>
    /// <param name="before">Those of the stage before, the same tokens.</param>
    internal void Add(StageSamples samples, StageSamples? before)
    {
        Inputs.Add(samples.Inputs);
        Scores.Add(samples.Inputs, samples.Scores);
        EarlyScores?.Add(before!.Inputs, samples.Scores);
        HiddenOutputs?.Add(samples.Inputs, samples.Hidden);
        AddRows(samples.Shares, _shares);
        AddRows(samples.Hidden, _hidden);
    }

    internal void Save(BinaryWriter writer)
    {
        StoredSums.Save(writer, _shares);
        StoredSums.Save(writer, _hidden);
        Inputs.Save(writer);
        Scores.Save(writer);
        EarlyScores?.Save(writer);
        HiddenOutputs?.Save(writer);
    }

    internal void Load(BinaryReader reader)
    {
        StoredSums.Load(reader, _shares);
        StoredSums.Load(reader, _hidden);
        Inputs.Load(reader);
        Scores.Load(reader);
        EarlyScores?.Load(reader);
        HiddenOutputs?.Load(reader);
    }

    private static void AddRows(ReadOnlySpan<double> rows, double[] sum)
    {
        for (int i = 0; i < rows.Length; i++)
        {
            sum[i % sum.Length] += rows[i];
        }
    }
}
