using Halo.Inference.Model;
using Halo.Inference.Threading;

namespace Halo.Inference.Tests.Model;

/// <summary>A whole model with its threads, and short ways to step it.</summary>
internal sealed class OpenModel : IDisposable
{
    private readonly WorkerTeam _team;
    private readonly Step _step = new();

    internal OpenModel(string path, int threads = 1, StepLimits? limits = null)
    {
        Weights = ModelWeights.Open(path);
        _team = new WorkerTeam(threads, "test", spin: false);
        Transformer = new Transformer(Weights, limits ?? new StepLimits(), _team);
    }

    internal ModelWeights Weights { get; }

    internal Transformer Transformer { get; }

    internal int VocabularySize => Weights.Config.VocabularySize;

    /// <summary>Tokens drawn from the whole vocabulary, the same for the same seed.</summary>
    internal int[] Tokens(int count, int seed)
    {
        Random random = new(seed);
        return [.. Enumerable.Range(0, count).Select(_ => random.Next(VocabularySize))];
    }

    /// <summary>Appends tokens to a sequence in chunks; the logits of every one of them, one array a token.</summary>
    internal List<float[]> Append(long sequence, int start, ReadOnlySpan<int> tokens, int chunk)
    {
        List<float[]> logits = [];
        for (int done = 0; done < tokens.Length; done += chunk)
        {
            int rows = Math.Min(chunk, tokens.Length - done);
            _step.Clear();
            for (int i = 0; i < rows; i++)
            {
                _step.LogitRows.Add(i);
                _step.Rows.Add(new StepRow(sequence, start + done + i, tokens[done + i]));
            }

            logits.AddRange(Rows(_step));
        }

        return logits;
    }

    /// <summary>Runs a step and copies each row's logits.</summary>
    internal List<float[]> Rows(Step step)
    {
        ReadOnlySpan<float> logits = Transformer.Forward(step);
        List<float[]> rows = [];
        for (int start = 0; start < logits.Length; start += VocabularySize)
        {
            rows.Add(logits.Slice(start, VocabularySize).ToArray());
        }

        Assert.Equal(step.LogitRows.Count, rows.Count);
        return rows;
    }

    internal void Release(params long[] sequences)
    {
        _step.Clear();
        _step.Releases.AddRange(sequences);
        Assert.True(Transformer.Forward(_step).IsEmpty);
    }

    public void Dispose()
    {
        Transformer.Dispose();
        _team.Dispose();
        Weights.Dispose();
    }
}
