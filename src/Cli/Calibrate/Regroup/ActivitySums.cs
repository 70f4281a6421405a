using System.Numerics.Tensors;
using Halo.Inference.Model.Observation;
using Halo.Inference.Model.Pieces;
using Halo.Planning.Importance.Fitting;

namespace Halo.Cli.Calibrate.Regroup;

/// <summary>
/// Sums up which neurons fire together and how important the groups are as they lie. A neuron's activity for a token is <c>(|h_j| ||W[:, j]||)^2</c>
/// as a share of the layer's.
/// </summary>
internal sealed class ActivitySums : IStageObserver
{
    private readonly CalibrationModel _model;
    private readonly ParallelOptions _parallel;
    private readonly InputMoments?[] _activity; // by layer; null where neurons are not moved one by one
    private readonly double[][] _chunks;        // by layer (rows, neurons)
    private readonly int[] _rows;
    private readonly ShareMeans _shares;

    internal ActivitySums(CalibrationModel model, Func<int, bool> movesNeurons, int threads)
    {
        _model = model;
        _parallel = new ParallelOptions { MaxDegreeOfParallelism = threads };
        int layers = model.Config.LayerCount;
        int neurons = model.Config.IntermediateSize;
        _activity = [.. Enumerable.Range(0, layers).Select(layer => movesNeurons(layer) ? new InputMoments(neurons) : null)];
        _chunks = [.. _activity.Select(sums => sums is null ? [] : new double[CalibrationModel.MostRows * neurons])];
        _rows = new int[layers];
        _shares = new ShareMeans(model.Parts);
    }

    /// <summary>Mean importance of each group as it lies, by stage.</summary>
    internal float[] MeanShares(int stage) => _shares.Of(stage);

    /// <summary>Mean products of the activity of a layer's neurons, (neurons, neurons); null where they were not summed up.</summary>
    internal double[]? Products(int layer)
    {
        if (_activity[layer] is not { } sums)
        {
            return null;
        }

        double[] products = new double[sums.Size * sums.Size];
        for (int i = 0; i < products.Length; i++)
        {
            products[i] = sums.MeanProduct(i / sums.Size, i % sums.Size);
        }

        return products;
    }

    void IStageObserver.Observe(in StageView stage)
    {
        _shares.Add(stage);
        if (stage.Kind == PieceKind.FeedForward && _activity[stage.Layer] is not null)
        {
            TakeActivity(stage);
        }
    }

    /// <summary>Adds the chunk that was observed.</summary>
    internal void AddChunk() => Parallel.For(
        0, _activity.Length, _parallel, layer => _activity[layer]?.Add(_chunks[layer].AsSpan(0, _rows[layer] * _activity[layer]!.Size)));

    private void TakeActivity(in StageView stage)
    {
        int neurons = _model.Config.IntermediateSize;
        ReadOnlySpan<float> norms = _model.Parts[stage.Index].ColumnNorms;
        float[] activity = new float[neurons];
        int rows = 0;
        for (int row = 0; row < stage.Rows; row++)
        {
            if (stage.Position(row) == 0)
            {
                continue;
            }

            TensorPrimitives.Multiply(stage.Hidden(row), norms, activity);
            TensorPrimitives.Multiply(activity, activity, activity);
            float total = TensorPrimitives.Sum<float>(activity);
            TensorPrimitives.Divide(activity, total > 0 ? total : 1, activity);
            TensorPrimitives.ConvertChecked<float, double>(activity, _chunks[stage.Layer].AsSpan(rows * neurons, neurons));
            rows++;
        }

        _rows[stage.Layer] = rows;
    }
}
