using Halo.Inference.Kernels;
using Halo.Inference.Probes;
using Halo.Inference.Quantization;
using Halo.Inference.Threading;

namespace Halo.Cli.Bench.Kernels;

/// <summary>Times matrix products and, turn by turn with them, a read loop over the same bytes.</summary>
internal sealed class KernelBench(KernelSetting setting, WorkerTeam team)
{
    // Of so many empty rounds the best is told: one is shorter than the clock can tell well.
    private const int BarriersAtOnce = 1000;

    /// <summary>Nanoseconds of a round of the team in which nothing is done.</summary>
    internal double BarrierNs()
    {
        NoWork work = new();
        Rounds rounds = new();
        for (int i = 0; i < 100; i++)
        {
            rounds.Time(() =>
            {
                for (int j = 0; j < BarriersAtOnce; j++)
                {
                    team.Run(work);
                }
            });
        }

        return rounds.Best / BarriersAtOnce * 1e9;
    }

    /// <summary>Measures a type in a layout.</summary>
    internal KernelResult Measure(TensorType type, WeightLayout layout, CancellationToken cancellation)
    {
        using ProductProbe probe = new(type, layout, setting.Rows, setting.Columns, setting.Tokens, setting.Bytes, team);
        Rounds limit = new();
        Rounds kernel = new();
        for (int round = -2; round < setting.Rounds; round++)
        {
            cancellation.ThrowIfCancellationRequested();
            (Rounds reads, Rounds products) = round < 0 ? (new Rounds(), new Rounds()) : (limit, kernel);
            reads.Time(probe.Read);
            products.Time(probe.Multiply);
        }

        double operations = 2.0 * setting.Rows * setting.Columns * setting.Tokens * probe.Copies;
        return new KernelResult(
            type.ToString(), layout == WeightLayout.Panels ? "panels" : "file", probe.Copies, probe.Bytes,
            probe.Bytes / limit.Median / 1e9, probe.Bytes / kernel.Median / 1e9, probe.Bytes / kernel.Best / 1e9,
            operations / kernel.Median / 1e9, limit.Median / kernel.Median, limit.Best / kernel.Best);
    }
}
