using Halo.Inference.Kernels.Panels;
using Halo.Inference.Memory;
using Halo.Inference.Quantization;

namespace Halo.Inference.Kernels;

/// <summary>Compares a tier's products with the plain loops' before a model is computed with them: on processors that nobody here has run.</summary>
internal static unsafe class KernelSelfTest
{
    // A panel and a part of one, a whole tile of tokens and one more, an odd number of blocks.
    private const int Rows = 19;
    private const int Tokens = 5;
    private const int SmallColumns = 96;

    // Of the sum of absolute products: some tens of roundings of 6e-8.
    private const float Tolerance = 1e-5f;

    /// <summary>y of w and x, as <see cref="MatMul"/> computes it on a tier.</summary>
    internal delegate void Product(KernelTier tier, in WeightMatrix w, Activations x, float* y);

    /// <summary>Whether all products of a type come out right, in every layout that it has.</summary>
    internal static bool Passes(KernelTier tier, TensorType type) => Passes(tier, type, Multiply);

    /// <summary>The same with another product in the place of the kernels.</summary>
    internal static bool Passes(KernelTier tier, TensorType type, Product product)
    {
        int columns = Math.Max(SmallColumns, TensorTypes.BlockColumns(type));
        using AlignedBuffer<byte> file = new(TensorTypes.RowBytes(type, columns) * Rows);
        Fill(type, columns, file);
        WeightMatrix matrix = new(file.Pointer, type, Rows, columns);
        using Activations x = new(Tokens, columns);
        x.SetShape(Tokens, columns);
        for (int token = 0; token < Tokens; token++)
        {
            Fill(x.Row(token), token + 1);
        }

        x.Quantize(0, Tokens);
        using AlignedBuffer<float> expected = new(Rows * Tokens);
        MatMul.Multiply(KernelTier.Scalar, matrix, x, expected.Pointer, Rows, 0, Rows);
        if (!Agrees(tier, matrix, x, expected, product))
        {
            return false;
        }

        if (!PanelLayout.Has(type))
        {
            return true;
        }

        using AlignedBuffer<byte> panels = new(PanelLayout.MatrixBytes(type, Rows, columns));
        for (int panel = 0; panel * PanelLayout.Rows < Rows; panel++)
        {
            PanelPacker.Pack(matrix, panel, panels.Pointer + (panel * PanelLayout.PanelBytes(type, columns)));
        }

        return Agrees(tier, WeightMatrix.OfPanels(panels.Pointer, type, Rows, columns), x, expected, product);
    }

    private static bool Agrees(KernelTier tier, in WeightMatrix w, Activations x, AlignedBuffer<float> expected, Product product)
    {
        using AlignedBuffer<float> actual = new(Rows * Tokens);
        product(tier, w, x, actual.Pointer);
        float most = Tolerance * w.Columns; // no product of these values is above 1
        for (int i = 0; i < Rows * Tokens; i++)
        {
            // Written so that NaN fails.
            if (!(MathF.Abs(actual.Span[i] - expected.Span[i]) <= most))
            {
                return false;
            }
        }

        return true;
    }

    private static void Multiply(KernelTier tier, in WeightMatrix w, Activations x, float* y) => MatMul.Multiply(tier, w, x, y, Rows, 0, Rows);

    private static void Fill(TensorType type, int columns, AlignedBuffer<byte> file)
    {
        float[] values = new float[columns];
        int rowBytes = (int)TensorTypes.RowBytes(type, columns);
        for (int row = 0; row < Rows; row++)
        {
            Fill(values, row + 0.5);
            BlockCodec.Quantize(type, values, file.Span.Slice(row * rowBytes, rowBytes));
        }
    }

    // -1 to 1, with no pattern that a wrong order of columns or rows would keep.
    private static void Fill(Span<float> values, double phase)
    {
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = (float)Math.Sin((phase * 12.9898) + (i * 78.233) + (phase * i));
        }
    }
}
