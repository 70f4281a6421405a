using Halo.Inference.Kernels;
using Halo.Inference.Kernels.Panels;
using Halo.Inference.Quantization;
using Halo.Inference.Tests.Memory;

namespace Halo.Inference.Tests.Kernels;

/// <summary>Random weights that end at an unreadable page, random activations, and their product in double.</summary>
internal sealed unsafe class ProductCase : IDisposable
{
    private readonly GuardedMemory _memory;
    private readonly GuardedMemory? _panels;

    public ProductCase(
        TensorType type, int rows, int columns, int tokens, int seed = 7, int gapBytes = 0, WeightLayout layout = WeightLayout.File, byte? filler = null)
    {
        Random random = new(seed);
        int rowBytes = (int)TensorTypes.RowBytes(type, columns);
        int stride = rowBytes + gapBytes;
        _memory = new GuardedMemory(Math.Max(0, (rows * stride) - gapBytes));
        random.NextBytes(_memory.Span); // also between the rows: what lies there must not matter
        for (int r = 0; r < rows; r++)
        {
            float[] values = [.. Enumerable.Range(0, columns).Select(_ => (float)(random.NextDouble() - 0.5) / 8)];
            Span<byte> row = _memory.Span.Slice(r * stride, rowBytes);
            BlockCodec.Quantize(type, values, row);
            if (filler is { } code)
            {
                FillCodes(type, row, code);
            }
        }

        FileWeights = new WeightMatrix(_memory.Pointer, type, rows, columns, stride);
        Weights = FileWeights;
        if (layout == WeightLayout.Panels)
        {
            _panels = new GuardedMemory((int)PanelLayout.MatrixBytes(type, rows, columns));
            random.NextBytes(_panels.Span);
            Weights = WeightMatrix.OfPanels(_panels.Pointer, type, rows, columns);
            for (int panel = 0; panel * PanelLayout.Rows < rows; panel++)
            {
                PanelPacker.Pack(FileWeights, panel, _panels.Pointer + (panel * PanelLayout.PanelBytes(type, columns)));
            }
        }

        Inputs = new Activations(tokens, columns);
        Inputs.SetShape(tokens, columns);
        for (int t = 0; t < tokens; t++)
        {
            Fill(Inputs.Row(t), random);
        }

        Inputs.Quantize(0, tokens);
    }

    public WeightMatrix Weights { get; }

    public WeightMatrix FileWeights { get; }

    public Activations Inputs { get; }

    /// <summary>y in (tokens, rows), by way of the tier's kernel and all rows at once.</summary>
    public float[] Multiply(KernelTier tier)
    {
        float[] y = new float[Inputs.Rows * Weights.Rows];
        fixed (float* results = y)
        {
            MatMul.Multiply(tier, Weights, Inputs, results, Weights.Rows, 0, Weights.Rows);
        }

        return y;
    }

    /// <summary>y in double and, as the measure of rounding errors, the sum of the absolute products.</summary>
    public (double Sum, double Magnitude) Oracle(WeightMatrix weights, int token, int row)
    {
        float[] w = new float[weights.Columns];
        long bytes = TensorTypes.RowBytes(weights.Type, weights.Columns);
        BlockCodec.Dequantize(weights.Type, new ReadOnlySpan<byte>(weights.Data + (row * weights.RowStrideBytes), (int)bytes), w);
        double sum = 0;
        double magnitude = 0;
        for (int c = 0; c < w.Length; c++)
        {
            double product = w[c] * Input(weights.Type, token, c);
            sum += product;
            magnitude += Math.Abs(product);
        }

        return (sum, magnitude);
    }

    public void AssertEqualsOracle(WeightMatrix weights, ReadOnlySpan<float> y)
    {
        for (int t = 0; t < Inputs.Rows; t++)
        {
            for (int r = 0; r < weights.Rows; r++)
            {
                (double sum, double magnitude) = Oracle(weights, t, r);

                // 1e-5: some tens of f32 roundings of 6e-8 each, the longest chain of additions in these cases.
                Assert.InRange(y[(t * weights.Rows) + r], sum - (1e-5 * magnitude), sum + (1e-5 * magnitude));
            }
        }
    }

    public static void Fill(Span<float> values, Random random)
    {
        foreach (ref float value in values)
        {
            value = (float)((random.NextDouble() * 2) - 1);
        }
    }

    // Every byte of a block's codes and small scales; the f16 in it stay.
    private static void FillCodes(TensorType type, Span<byte> row, byte code)
    {
        int bytes = TensorTypes.BlockBytes(type);
        int last = type == TensorType.Q6_K ? 2 : 0;
        int first = type switch
        {
            TensorType.Q6_K => 0,
            TensorType.Q8_0 or TensorType.Q4_0 or TensorType.Q5_0 => 2,
            _ => 4,
        };
        for (int block = 0; block < row.Length; block += bytes)
        {
            row.Slice(block + first, bytes - first - last).Fill(code);
        }
    }

    public void Dispose()
    {
        Inputs.Dispose();
        _panels?.Dispose();
        _memory.Dispose();
    }

    // What the kernel is given: int8 types see the quantised activations.
    private double Input(TensorType type, int token, int column)
    {
        long index = ((long)token * Inputs.Stride) + column;
        return MatMul.NeedsQuantizedInput(type)
            ? (double)Inputs.QuantizedPointer[index] * Inputs.ScalesPointer[index / 32]
            : Inputs.RowPointer(token)[column];
    }
}
