using Halo.Inference.Kernels;
using Halo.Inference.Kernels.Panels;
using Halo.Inference.Memory;
using Halo.Inference.Quantization;
using Halo.Inference.Threading;

namespace Halo.Inference.Probes;

/// <summary>Copies of a matrix of random weights, to be multiplied with activations and to be only read, over the same bytes and with the same threads.</summary>
public sealed unsafe class ProductProbe : IDisposable
{
    // What a kernel does does not depend on the weights: so many rows are random, again and again.
    private const int DifferentRows = 16;

    private const int MostCopies = 1000;

    private readonly WorkerTeam _team;
    private readonly AlignedBuffer<byte> _weights;
    private readonly AlignedBuffer<float> _output;
    private readonly Activations _input;
    private readonly ReadWork _reading = new();
    private readonly ProductWork _products;

    /// <param name="type">Weight type.</param>
    /// <param name="layout">A layout that the type has.</param>
    /// <param name="rows">Outputs.</param>
    /// <param name="columns">Inputs, whole blocks of the type.</param>
    /// <param name="tokens">Rows of activations.</param>
    /// <param name="bytes">About how many bytes of weights to go through at once; at least one copy.</param>
    /// <param name="team">The threads.</param>
    public ProductProbe(TensorType type, WeightLayout layout, int rows, int columns, int tokens, long bytes, WorkerTeam team)
    {
        _team = team;
        using AlignedBuffer<byte> file = new(TensorTypes.RowBytes(type, columns) * rows);
        Fill(type, rows, columns, file);
        WeightMatrix source = new(file.Pointer, type, rows, columns);
        long copyBytes = layout == WeightLayout.Panels ? PanelLayout.MatrixBytes(type, rows, columns) : file.Length;
        long stride = (copyBytes + PanelLayout.VectorBytes - 1) / PanelLayout.VectorBytes * PanelLayout.VectorBytes;
        Copies = (int)Math.Clamp(bytes / copyBytes, 1, MostCopies);
        _weights = new AlignedBuffer<byte>(stride * Copies);
        List<WeightMatrix> matrices = [];
        for (int i = 0; i < Copies; i++)
        {
            byte* data = _weights.Pointer + (stride * i);
            matrices.Add(Place(source, layout, data));
            _reading.Add(data, copyBytes);
        }

        _input = Input(tokens, columns);
        _output = new AlignedBuffer<float>((long)rows * tokens);
        _products = new ProductWork(matrices, _input, _output.Pointer);
    }

    /// <summary>Matrices.</summary>
    public int Copies { get; }

    /// <summary>Bytes of all of them.</summary>
    public long Bytes => _reading.Bytes;

    /// <summary>Multiplies each matrix with the activations.</summary>
    public void Multiply() => _team.Run(_products);

    /// <summary>Reads all matrices.</summary>
    public void Read() => _team.Run(_reading);

    /// <inheritdoc/>
    public void Dispose()
    {
        _weights.Dispose();
        _output.Dispose();
        _input.Dispose();
    }

    private static WeightMatrix Place(in WeightMatrix source, WeightLayout layout, byte* target)
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

    private static void Fill(TensorType type, int rows, int columns, AlignedBuffer<byte> file)
    {
        Random random = new(1);
        float[] values = new float[columns];
        int rowBytes = (int)TensorTypes.RowBytes(type, columns);
        for (int row = 0; row < rows; row++)
        {
            Span<byte> target = file.Slice((long)row * rowBytes, rowBytes);
            if (row >= DifferentRows)
            {
                file.Slice((long)(row % DifferentRows) * rowBytes, rowBytes).CopyTo(target);
                continue;
            }

            for (int i = 0; i < values.Length; i++)
            {
                values[i] = random.NextSingle() - 0.5f;
            }

            BlockCodec.Quantize(type, values, target);
        }
    }

    private static Activations Input(int tokens, int columns)
    {
        Random random = new(2);
        Activations input = new(tokens, columns);
        input.SetShape(tokens, columns);
        for (int token = 0; token < tokens; token++)
        {
            foreach (ref float value in input.Row(token))
            {
                value = random.NextSingle() - 0.5f;
            }
        }

        input.Quantize(0, tokens);
        return input;
    }
}
