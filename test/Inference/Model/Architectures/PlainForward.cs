namespace Halo.Inference.Tests.Model.Architectures;

/// <summary>The forward pass of all made models in plain double loops over whole tensors: slow, and nothing in common with the product's.</summary>
internal sealed class PlainForward(TinyModel model)
{
    private const double Epsilon = 1e-5f;

    private readonly TinySpec _spec = model.Spec;

    /// <summary>The logits of every position.</summary>
    internal static double[][] Logits(TinyModel model, int[] tokens) => new PlainForward(model).Run(tokens);

    private double[][] Run(int[] tokens)
    {
        double[][] x = [.. tokens.Select(token => Row("token_embd", token))];
        for (int position = 0; _spec.HasLearnedPositions && position < x.Length; position++)
        {
            x[position] = Sum(x[position], Row("position_embd", position));
        }

        for (int layer = 0; layer < TinySpec.LayerCount; layer++)
        {
            string prefix = $"blk.{layer}.";
            x = [.. Attention(prefix, x).Zip(x, Sum)];
            x = [.. x.Select(row => Sum(row, FeedForward(prefix, row)))];
        }

        return [.. x.Select(row => Linear(_spec.HasOwnHead ? "output" : "token_embd", Norm("output_norm", row)))];
    }

    private double[][] Attention(string prefix, double[][] x)
    {
        double[][][] heads = [.. x.Select((row, position) => QueriesKeysValues(prefix, Norm(prefix + "attn_norm", row), position))];
        int shared = TinySpec.HeadCount / _spec.KvHeadCount;
        return [.. x.Select((_, t) => Linear(prefix + "attn_output",
            [.. Enumerable.Range(0, TinySpec.HeadCount).SelectMany(head => Attend(heads, t, head, head / shared))]))];
    }

    private double[] Attend(double[][][] heads, int t, int head, int kvHead)
    {
        int dim = _spec.HeadDim;
        double[] weights = [.. Enumerable.Range(0, t + 1).Select(s => Math.Exp(Enumerable.Range(0, dim)
            .Sum(i => heads[t][0][(head * dim) + i] * heads[s][1][(kvHead * dim) + i]) / Math.Sqrt(dim)))];
        return [.. Enumerable.Range(0, dim).Select(i =>
            Enumerable.Range(0, t + 1).Sum(s => weights[s] * heads[s][2][(kvHead * dim) + i]) / weights.Sum())];
    }

    private double[][] QueriesKeysValues(string prefix, double[] x, int position)
    {
        int queries = TinySpec.HeadCount * _spec.HeadDim;
        int keys = _spec.KvHeadCount * _spec.HeadDim;
        double[] all = _spec.IsFused
            ? Linear(prefix + "attn_qkv", x)
            : [.. Linear(prefix + "attn_q", x), .. Linear(prefix + "attn_k", x), .. Linear(prefix + "attn_v", x)];
        double[] q = all[..queries];
        double[] k = all[queries..(queries + keys)];
        if (_spec.HasHeadNorms)
        {
            q = [.. q.Chunk(_spec.HeadDim).SelectMany(head => RootMeanSquare(prefix + "attn_q_norm", head))];
            k = [.. k.Chunk(_spec.HeadDim).SelectMany(head => RootMeanSquare(prefix + "attn_k_norm", head))];
        }

        return [Turn(q, position), Turn(k, position), all[(queries + keys)..]];
    }

    private double[] Turn(double[] values, int position)
    {
        if (_spec.HasLearnedPositions)
        {
            return values;
        }

        double[] turned = [.. values];
        for (int start = 0; start < values.Length; start += _spec.HeadDim)
        {
            for (int pair = 0; pair < _spec.RotaryDim / 2; pair++)
            {
                int a = start + (_spec.IsHalfSplit ? pair : 2 * pair);
                int b = a + (_spec.IsHalfSplit ? _spec.RotaryDim / 2 : 1);
                double angle = position * _spec.Stretch(Math.Pow(TinySpec.RopeBase, -2.0 * pair / _spec.RotaryDim), pair);
                turned[a] = ((values[a] * Math.Cos(angle)) - (values[b] * Math.Sin(angle))) * _spec.Magnitude;
                turned[b] = ((values[a] * Math.Sin(angle)) + (values[b] * Math.Cos(angle))) * _spec.Magnitude;
            }
        }

        return turned;
    }

    private double[] FeedForward(string prefix, double[] row)
    {
        double[] x = Norm(prefix + "ffn_norm", row);
        double[] up = Linear(prefix + "ffn_up", x);
        double[] hidden;
        if (!_spec.HasGate)
        {
            hidden = [.. up.Select(u => 0.5 * u * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (u + (0.044715 * u * u * u)))))];
        }
        else
        {
            double[] gate = _spec.IsGateFused ? up[..TinySpec.IntermediateSize] : Linear(prefix + "ffn_gate", x);
            hidden = [.. gate.Zip(_spec.IsGateFused ? up[TinySpec.IntermediateSize..] : up, (g, u) => g / (1 + Math.Exp(-g)) * u)];
        }

        return Linear(prefix + "ffn_down", hidden);
    }

    private double[] Norm(string name, double[] x)
    {
        if (!_spec.HasLayerNorm)
        {
            return RootMeanSquare(name, x);
        }

        double mean = x.Average();
        double deviation = Math.Sqrt(x.Average(value => (value - mean) * (value - mean)) + Epsilon);
        (float[] gain, float[] bias) = (Values(name + ".weight"), Values(name + ".bias"));
        return [.. x.Select((value, i) => ((value - mean) / deviation * gain[i]) + bias[i])];
    }

    private double[] RootMeanSquare(string name, double[] x)
    {
        double root = Math.Sqrt(x.Average(value => value * value) + Epsilon);
        return [.. x.Zip(Values(name + ".weight"), (value, gain) => value / root * gain)];
    }

    private double[] Linear(string name, double[] x)
    {
        float[] weights = Values(name + ".weight");
        float[]? bias = model.Tensors.TryGetValue(name + ".bias", out (long[] Dimensions, float[] Values) found) ? found.Values : null;
        return [.. Enumerable.Range(0, weights.Length / x.Length).Select(r =>
            Enumerable.Range(0, x.Length).Sum(c => weights[(r * x.Length) + c] * x[c]) + (bias?[r] ?? 0))];
    }

    private double[] Row(string name, int row) =>
        [.. Values(name + ".weight").AsSpan(row * TinySpec.HiddenSize, TinySpec.HiddenSize).ToArray().Select(value => (double)value)];

    private float[] Values(string name) => model.Tensors[name].Values;

    private static double[] Sum(double[] a, double[] b) => [.. a.Zip(b, (left, right) => left + right)];
}
