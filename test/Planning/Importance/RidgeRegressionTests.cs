using Halo.Planning.Importance;
using Halo.Planning.Importance.Fitting;

namespace Halo.Planning.Tests.Importance;

public sealed class RidgeRegressionTests
{
    private const int Inputs = 12;
    private const int Outputs = 7;

    [Theory]
    [InlineData(Outputs)]
    [InlineData(2)]
    public void Fit_OfAKnownMap_RecoversIt(int trueRank)
    {
        (double[] weights, double[] bias) = Map(trueRank, seed: 3);
        (InputMoments inputs, OutputMoments outputs) = Sums(weights, bias, samples: 400, noise: 0, seed: 4);
        LinearFit fit = new RidgeRegression(inputs, 1e-9).Fit(outputs);
        AssertClose(weights, fit.Weights, 1e-5);
        AssertClose(bias, fit.Bias, 1e-5);

        (double[] inner, double[] outer) = fit.Reduce(inputs, trueRank);
        AssertClose(weights, Multiply(outer, inner, trueRank), 1e-5);
    }

    [Fact]
    public void ToPredictor_OfLessThanTheTrueRank_KeepsTheMeanAndLosesLeast()
    {
        (double[] weights, double[] bias) = Map(rank: Outputs, seed: 5);
        (InputMoments inputs, OutputMoments outputs) = Sums(weights, bias, samples: 500, noise: 0.1, seed: 6);
        LinearFit fit = new RidgeRegression(inputs, 1e-6).Fit(outputs);
        float[] mean = [.. Enumerable.Range(0, Inputs).Select(i => (float)inputs.Mean(i))];
        double before = double.PositiveInfinity;
        for (int rank = 1; rank <= Outputs; rank++)
        {
            GroupPredictor predictor = fit.ToPredictor(inputs, rank);
            Assert.Equal((rank, rank == Outputs), (predictor.Rank, predictor.IsWhole));
            float[] scores = new float[Outputs];
            predictor.Score(mean, scores);
            AssertClose([.. Enumerable.Range(0, Outputs).Select(outputs.Mean)], Array.ConvertAll(scores, score => (double)score), 1e-4);
            double error = Error(predictor, weights, bias);
            Assert.True(error < before, $"Rank {rank} errs by {error:G3}, one less by {before:G3}.");
            before = error;
        }

        Assert.True(before < 0.01, $"The whole map errs by {before:G3}.");
    }

    [Fact]
    public void Fit_OfInputsThatRepeatEachOther_StaysFinite()
    {
        InputMoments inputs = new(3);
        OutputMoments outputs = new(3, 1);
        for (int t = 0; t < 20; t++)
        {
            double[] x = [t, 2.0 * t, 5];
            inputs.Add(x);
            outputs.Add(x, [3.0 * t]);
        }

        LinearFit fit = new RidgeRegression(inputs, 1e-6).Fit(outputs);
        Assert.All(fit.Weights, weight => Assert.True(double.IsFinite(weight)));
        Assert.Equal(30, (fit.Weights[0] * 10) + (fit.Weights[1] * 20) + (fit.Weights[2] * 5) + fit.Bias[0], 0.01);
    }

    [Fact]
    public void Fit_OfOtherSamples_IsRefused()
    {
        InputMoments inputs = new(2);
        Assert.Throws<ArgumentException>(() => new RidgeRegression(inputs, 1e-3));
        inputs.Add([1, 2, 3, 4]);
        OutputMoments outputs = new(2, 1);
        outputs.Add([1, 2], [1]);
        Assert.Throws<ArgumentException>(() => new RidgeRegression(inputs, 1e-3).Fit(outputs));
        InputMoments broken = new(2);
        broken.Add([1, double.NaN]);
        Assert.Throws<ArgumentException>(() => new RidgeRegression(broken, 1e-3));
    }

    [Fact]
    public void Moments_SavedHalfWay_GoOnWithTheSameBits()
    {
        (double[] weights, double[] bias) = Map(3, seed: 7);
        (InputMoments inputs, OutputMoments outputs) = Sums(weights, bias, samples: 50, noise: 0.5, seed: 8);
        using MemoryStream stream = new();
        using BinaryWriter writer = new(stream);
        inputs.Save(writer);
        outputs.Save(writer);
        InputMoments otherInputs = new(Inputs);
        OutputMoments otherOutputs = new(Inputs, Outputs);
        stream.Position = 0;
        using BinaryReader reader = new(stream);
        otherInputs.Load(reader);
        otherOutputs.Load(reader);
        Assert.Equal(stream.Length, stream.Position);
        double[] x = [.. Enumerable.Range(0, Inputs).Select(i => i / 7.0)];
        double[] y = [.. Enumerable.Range(0, Outputs).Select(i => i / 3.0)];
        inputs.Add(x);
        outputs.Add(x, y);
        otherInputs.Add(x);
        otherOutputs.Add(x, y);
        Assert.Equal(new RidgeRegression(inputs, 1e-3).Fit(outputs).Weights, new RidgeRegression(otherInputs, 1e-3).Fit(otherOutputs).Weights);
    }

    private static (double[] Weights, double[] Bias) Map(int rank, int seed)
    {
        Random random = new(seed);
        double[] inner = [.. Enumerable.Range(0, rank * Inputs).Select(_ => random.NextDouble() - 0.5)];
        double[] outer = [.. Enumerable.Range(0, Outputs * rank).Select(_ => random.NextDouble() - 0.5)];
        return (Multiply(outer, inner, rank), [.. Enumerable.Range(0, Outputs).Select(_ => random.NextDouble())]);
    }

    private static (InputMoments Inputs, OutputMoments Outputs) Sums(double[] weights, double[] bias, int samples, double noise, int seed)
    {
        Random random = new(seed);
        InputMoments inputs = new(Inputs);
        OutputMoments outputs = new(Inputs, Outputs);
        for (int t = 0; t < samples; t++)
        {
            double[] x = [.. Enumerable.Range(0, Inputs).Select(i => (random.NextDouble() * (i + 1)) + i)];
            double[] y = [.. Enumerable.Range(0, Outputs).Select(k => Output(weights, bias, x, k) + (noise * (random.NextDouble() - 0.5)))];
            inputs.Add(x);
            outputs.Add(x, y);
        }

        return (inputs, outputs);
    }

    private static double Error(GroupPredictor predictor, double[] weights, double[] bias)
    {
        Random random = new(9);
        double error = 0;
        float[] scores = new float[Outputs];
        for (int t = 0; t < 300; t++)
        {
            double[] x = [.. Enumerable.Range(0, Inputs).Select(i => (random.NextDouble() * (i + 1)) + i)];
            predictor.Score(Array.ConvertAll(x, value => (float)value), scores);
            error += Enumerable.Range(0, Outputs).Sum(k => Math.Pow(scores[k] - Output(weights, bias, x, k), 2)) / 300;
        }

        return error;
    }

    private static double Output(double[] weights, double[] bias, double[] x, int k) =>
        bias[k] + Enumerable.Range(0, Inputs).Sum(i => weights[(k * Inputs) + i] * x[i]);

    private static double[] Multiply(double[] outer, double[] inner, int rank) =>
    [
        .. Enumerable.Range(0, Outputs * Inputs).Select(
            at => Enumerable.Range(0, rank).Sum(r => outer[(at / Inputs * rank) + r] * inner[(r * Inputs) + (at % Inputs)])),
    ];

    private static void AssertClose(double[] expected, double[] actual, double tolerance)
    {
        Assert.Equal(expected.Length, actual.Length);
        Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, tolerance));
    }
}
