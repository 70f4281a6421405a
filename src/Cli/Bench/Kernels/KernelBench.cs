using Halo.Inference.Kernels;
using Halo.Inference.Kernels.Panels;
using Halo.Inference.Memory;
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
    internal unsafe KernelResult Measure(TensorType type, WeightLayout layout, CancellationToken cancellation)
    {
        using AlignedBuffer<byte> file = new(TensorTypes.RowBytes(type, setting.Columns) * setting.Rows);
        Fill(type, file);
        WeightMatrix source = new(file.Pointer, type, setting.Rows, setting.Columns);
        long bytes = layout == WeightLayout.Panels ? PanelLayout.MatrixBytes(type, setting.Rows, setting.Columns) : file.Length;
        int copies = (int)Math.Clamp(setting.Bytes / bytes, 1, 1000);

        long stride = (bytes + PanelLayout.VectorBytes - 1) / PanelLayout.VectorBytes * PanelLayout.VectorBytes;
        using AlignedBuffer<byte> weights = new(stride * copies);
        List<WeightMatrix> matrices = [];
        ReadWork reading = new();
        for (int i = 0; i < copies; i++)
        {
            byte* data = weights.Pointer + (stride * i);
            matrices.Add(Place(source, layout, data));
            reading.Add(data, bytes);
        }

        using Activations input = Input();
        using AlignedBuffer<float> output = new((long)setting.Rows * setting.Tokens);
        ProductWork product = new(matrices, input, output.Pointer);
        Rounds limit = new();
        Rounds kernel = new();
        for (int round = -2; round < setting.Rounds; round++)
        {
            cancellation.ThrowIfCancellationRequested();
            (Rounds reads, Rounds products) = round < 0 ? (new Rounds(), new Rounds()) : (limit, kernel);
            reads.Time(() => team.Run(reading));
            products.Time(() => team.Run(product));
        }

        double operations = 2.0 * setting.Rows * setting.Columns * setting.Tokens * copies;
        return new KernelResult(
            type.ToString(), layout == WeightLayout.Panels ? "panels" : "file", copies, bytes * copies,
            bytes * copies / limit.Median / 1e9, bytes * copies / kernel.Median / 1e9, bytes * copies / kernel.Best / 1e9,
            operations / kernel.Median / 1e9, limit.Median / kernel.Median, limit.Best / kernel.Best);
    }

    private static unsafe WeightMatrix Place(in WeightMatrix source, WeightLayout layout, byte* target)
    {
        if (layout == WeightLayout.File)
        {
            Buffer.MemoryCopy(source.Data, target, source.ByteCount, source.ByteCount);
            return new WeightMatrix(target, source.Type, source.Rows, source.Columns);
        }

        long panelBytes = PanelLayout.PanelBytes(source.Type, source.Columns);
        for (int panel = 0; panel * PanelLayout.Rows < source.Rows; panel++)
        {
            PanelPacker.Pack(source, panel, target + (panel * panelBytes));
        }

        return WeightMatrix.OfPanels(target, source.Type, source.Rows, source.Columns);
    }

    // A few rows of random weights, again and again: what a kernel does does not depend on them.
    private void Fill(TensorType type, AlignedBuffer<byte> file)
    {
        const int Different = 16;
        Random random = new(1);
        float[] values = new float[setting.Columns];
        int rowBytes = (int)TensorTypes.RowBytes(type, setting.Columns);
        for (int row = 0; row < setting.Rows; row++)
        {
            Span<byte> target = file.Slice((long)row * rowBytes, rowBytes);
            if (row >= Different)
            {
                file.Slice((long)(row % Different) * rowBytes, rowBytes).CopyTo(target);
                continue;
            }

            for (int i = 0; i < values.Length; i++)
            {
                values[i] = random.NextSingle() - 0.5f;
            }

            BlockCodec.Quantize(type, values, target);
        }
    }

    private Activations Input()
    {
        Random random = new(2);
        Activations input = new(setting.Tokens, setting.Columns);
        input.SetShape(setting.Tokens, setting.Columns);
        for (int token = 0; token < setting.Tokens; token++)
        {
            foreach (ref float value in input.Row(token))
            {
                value = random.NextSingle() - 0.5f;
            }
        }

        input.Quantize(0, setting.Tokens);
        return input;
    }
}
