using System.Numerics.Tensors;
using Halo.Inference.Model.Observation;

namespace Halo.Cli.Calibrate;

/// <summary>One stage's samples of one chunk of tokens, in double precision and row by row.</summary>
internal sealed class StageSamples(GroupParts parts, int hiddenSize)
{
    private readonly float[] _rowShares = new float[parts.GroupCount];
    private double[] _inputs = [];
    private double[] _hidden = [];
    private double[] _shares = [];
    private double[] _scores = [];
    private int _rows;

    internal ReadOnlySpan<double> Inputs => _inputs.AsSpan(0, _rows * hiddenSize);

    internal ReadOnlySpan<double> Hidden => _hidden.AsSpan(0, _rows * parts.Width);

    /// <summary>s of each group.</summary>
    internal ReadOnlySpan<double> Shares => _shares.AsSpan(0, _rows * parts.GroupCount);

    /// <summary>log s of each group.</summary>
    internal ReadOnlySpan<double> Scores => _scores.AsSpan(0, _rows * parts.GroupCount);

    /// <summary>Takes a chunk, without the first token of a sequence: it is always the same one and attends to itself alone.</summary>
    internal void Take(in StageView stage)
    {
        Grow(stage.Rows);
        _rows = 0;
        for (int row = 0; row < stage.Rows; row++)
        {
            if (stage.Position(row) == 0)
            {
                continue;
            }

            GroupShares.Of(parts, stage, row, _rowShares);
            TensorPrimitives.ConvertChecked(stage.Input(row), _inputs.AsSpan(_rows * hiddenSize, hiddenSize));
            TensorPrimitives.ConvertChecked(stage.Hidden(row), _hidden.AsSpan(_rows * parts.Width, parts.Width));
            for (int group = 0; group < _rowShares.Length; group++)
            {
                int at = (_rows * _rowShares.Length) + group;
                _shares[at] = _rowShares[group];
                _scores[at] = Math.Log(Math.Max(GroupShares.Least, _rowShares[group]));
            }

            _rows++;
        }
    }

    private void Grow(int rows)
    {
        if (_inputs.Length < rows * hiddenSize)
        {
            _inputs = new double[rows * hiddenSize];
            _hidden = new double[rows * parts.Width];
            _shares = new double[rows * parts.GroupCount];
            _scores = new double[rows * parts.GroupCount];
        }
    }
}
