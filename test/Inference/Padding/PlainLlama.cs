using Halo.Inference.Gguf;
using Halo.Inference.Padding;
using Halo.Inference.Quantization;

namespace Halo.Inference.Tests.Padding;

/// <summary>The LLaMA forward pass in plain double loops: slow, and nothing in common with the product's kernels.</summary>
internal sealed class PlainLlama
{
    private readonly GgufFile _file;
    private readonly ModelShape _shape;
    private readonly float _epsilon;
    private readonly float _ropeBase;

    private PlainLlama(GgufFile file)
    {
        _file = file;
        _shape = ModelShape.Of(file);
        _epsilon = file.Metadata.RequireSingle("llama.attention.layer_norm_rms_epsilon");
        _ropeBase = file.Metadata.RequireSingle("llama.rope.freq_base");
    }

    internal static double[] LastLogits(GgufFile file, int[] tokens) => new PlainLlama(file).Run(tokens);

    private double[] Run(int[] tokens)
    {
        float[][] embedding = Matrix("token_embd");
        double[][] x = [.. tokens.Select(token => embedding[token].Select(value => (double)value).ToArray())];
        for (int layer = 0; layer < _shape.LayerCount; layer++)
        {
            Attention(x, layer);
            FeedForward(x, layer);
        }

        return Multiply(embedding, Norm(x[^1], "output_norm"));
    }

    private void Attention(double[][] x, int layer)
    {
        int headDim = _shape.HeadDim;
        (float[][] wq, float[][] wk, float[][] wv, float[][] wo) =
            (Matrix($"blk.{layer}.attn_q"), Matrix($"blk.{layer}.attn_k"), Matrix($"blk.{layer}.attn_v"), Matrix($"blk.{layer}.attn_output"));
        double[][] normed = [.. x.Select(row => Norm(row, $"blk.{layer}.attn_norm"))];
        double[][] q = [.. normed.Select((row, position) => Rotate(Multiply(wq, row), position))];
        double[][] k = [.. normed.Select((row, position) => Rotate(Multiply(wk, row), position))];
        double[][] v = [.. normed.Select(row => Multiply(wv, row))];
        for (int t = 0; t < x.Length; t++)
        {
            double[] mixed = new double[_shape.HiddenSize];
            for (int head = 0; head < _shape.HeadCount; head++)
            {
                int kvOffset = head / _shape.HeadsPerKvHead * headDim;
                double[] weights = [.. Enumerable.Range(0, t + 1).Select(s => Math.Exp(
                    Enumerable.Range(0, headDim).Sum(i => q[t][(head * headDim) + i] * k[s][kvOffset + i]) / Math.Sqrt(headDim)))];
                for (int i = 0; i < headDim; i++)
                {
                    mixed[(head * headDim) + i] = Enumerable.Range(0, t + 1).Sum(s => weights[s] * v[s][kvOffset + i]) / weights.Sum();
                }
            }

            Add(x[t], Multiply(wo, mixed));
        }
    }

    private void FeedForward(double[][] x, int layer)
    {
        (float[][] gate, float[][] up, float[][] down) = (Matrix($"blk.{layer}.ffn_gate"), Matrix($"blk.{layer}.ffn_up"), Matrix($"blk.{layer}.ffn_down"));
        foreach (double[] row in x)
        {
            double[] normed = Norm(row, $"blk.{layer}.ffn_norm");
            double[] hidden = [.. Multiply(gate, normed).Zip(Multiply(up, normed), (g, u) => g / (1 + Math.Exp(-g)) * u)];
            Add(row, Multiply(down, hidden));
        }
    }

    private double[] Rotate(double[] values, int position)
    {
        int headDim = _shape.HeadDim;
        for (int i = 0; i < values.Length; i += 2)
        {
            (double sin, double cos) = Math.SinCos(position * Math.Pow(_ropeBase, -(double)(i % headDim) / headDim));
            (values[i], values[i + 1]) = ((values[i] * cos) - (values[i + 1] * sin), (values[i] * sin) + (values[i + 1] * cos));
        }

        return values;
    }

    private double[] Norm(double[] x, string name)
    {
        double scale = 1 / Math.Sqrt((x.Sum(value => value * value) / x.Length) + _epsilon);
        return [.. x.Zip(Matrix(name)[0], (value, weight) => value * scale * weight)];
    }

    private float[][] Matrix(string name)
    {
        GgufTensorInfo info = _file.RequireTensor(name + ".weight");
        float[][] rows = new float[info.Rows][];
        for (int r = 0; r < rows.Length; r++)
        {
            rows[r] = new float[info.Columns];
            BlockCodec.Dequantize(info.Type, _file.Row(info, r), rows[r]);
        }

        return rows;
    }

    private static double[] Multiply(float[][] w, double[] x) => [.. w.Select(row => row.Zip(x, (a, b) => a * b).Sum())];

    private static void Add(double[] x, double[] y)
    {
        for (int i = 0; i < x.Length; i++)
        {
            x[i] += y[i];
        }
    }
}
