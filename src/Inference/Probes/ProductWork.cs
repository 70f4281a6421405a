using Halo.Inference.Kernels;
using Halo.Inference.Kernels.Panels;
using Halo.Inference.Threading;

namespace Halo.Inference.Probes;

/// <summary>The product of each of some matrices of one shape with the same activations, rows split among a team as in a model.</summary>
internal sealed unsafe class ProductWork(IReadOnlyList<WeightMatrix> matrices, Activations input, float* output) : IParallelWork
{
    public void Run(int worker, int workerCount)
    {
        foreach (WeightMatrix matrix in matrices)
        {
            (int first, int end) = WorkerTeam.Split(matrix.Rows, worker, workerCount, PanelLayout.Rows);
            if (first < end)
            {
                MatMul.Multiply(matrix, input, output, matrix.Rows, first, end);
            }
        }
    }
}
