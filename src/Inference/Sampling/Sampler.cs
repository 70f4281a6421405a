namespace Halo.Inference.Sampling;

/// <summary>A chosen token and its log-probability under the plain softmax of the model's own logits.</summary>
public readonly record struct SampledToken(int Token, float LogProbability);

/// <summary>
/// Chooses tokens by <see cref="SamplingParameters"/>. Its random state advances by one draw per token unless greedy, so a sampler
/// belongs to one sequence. Nothing is allocated after construction.
/// </summary>
public sealed class Sampler
{
    private readonly SamplingParameters _parameters;
    private readonly int _vocabularySize;
    private readonly Penalties _penalties;
    private readonly Xoshiro256 _random;
    private readonly CandidateHeap _candidates;

    /// <exception cref="ArgumentException">The parameters have faults; the message lists all of them.</exception>
    public Sampler(SamplingParameters parameters, int vocabularySize)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentOutOfRangeException.ThrowIfLessThan(vocabularySize, 1);
        IReadOnlyList<string> faults = parameters.Validate();
        if (faults.Count > 0)
        {
            throw new ArgumentException(string.Join(" ", faults), nameof(parameters));
        }

        _parameters = parameters;
        _vocabularySize = vocabularySize;
        _penalties = new Penalties(parameters, vocabularySize);
        _random = new Xoshiro256(parameters.Seed);
        _candidates = new CandidateHeap(parameters.Temperature > 0 ? vocabularySize : 0);
    }

    /// <summary>Takes the random state to where it is after a number of tokens, for a sequence that goes on after those.</summary>
    public void Skip(int tokens)
    {
        if (_parameters.Temperature > 0)
        {
            for (int i = 0; i < tokens; i++)
            {
                _random.NextDouble();
            }
        }
    }

    /// <summary>Chooses the next token.</summary>
    /// <param name="logits">(vocabularySize); changed during the call, as before when it returns.</param>
    /// <param name="history">Tokens so far, oldest first; only the penalties look at it.</param>
    /// <exception cref="ArithmeticException">A logit is NaN or +infinity, or all are -infinity.</exception>
    public SampledToken Sample(Span<float> logits, ReadOnlySpan<int> history)
    {
        if (logits.Length != _vocabularySize)
        {
            throw new ArgumentException($"{logits.Length} logits for a vocabulary of {_vocabularySize}.", nameof(logits));
        }

        double logSum = LogProbabilities.LogSum(logits);
        _penalties.Apply(logits, history);
        int token;
        try
        {
            token = _parameters.Temperature == 0 ? LogProbabilities.Likeliest(logits) : Draw(logits);
        }
        finally
        {
            _penalties.Undo(logits);
        }

        return new SampledToken(token, (float)(logits[token] - logSum));
    }

    private int Draw(ReadOnlySpan<float> logits)
    {
        _candidates.Fill(logits);
        int kept = FilterMinP(FilterTopP(FilterTopK(), logits));

        // Softmax at the temperature over what is left; the largest logit is taken off first.
        double max = _candidates.Logit(0);
        double sum = 0;
        for (int i = 0; i < kept; i++)
        {
            sum += Math.Exp((_candidates.Logit(i) - max) / _parameters.Temperature);
        }

        double target = _random.NextDouble() * sum;
        for (int i = 0; i < kept; i++)
        {
            target -= Math.Exp((_candidates.Logit(i) - max) / _parameters.Temperature);
            if (target < 0)
            {
                return _candidates.Token(i);
            }
        }

        return _candidates.Token(0); // rounding ate the last sliver
    }

    private int FilterTopK() => _parameters.TopK > 0 ? Math.Min(_parameters.TopK, _vocabularySize) : _vocabularySize;

    // Fewest candidates whose share of the probability of all `count` candidates reaches top-p.
    private int FilterTopP(int count, ReadOnlySpan<float> logits)
    {
        if (_parameters.TopP >= 1)
        {
            return count;
        }

        double max = _candidates.Logit(0);
        double sum = 0;
        for (int i = 0; i < count; i++)
        {
            // The sum over everything needs no order; only over the k likeliest it does.
            sum += Math.Exp((count == logits.Length ? logits[i] : _candidates.Logit(i)) - max);
        }

        double reached = 0;
        int kept = 0;
        while (kept < count && reached < _parameters.TopP * sum)
        {
            reached += Math.Exp(_candidates.Logit(kept++) - max);
        }

        return Math.Max(1, kept);
    }

    private int FilterMinP(int count)
    {
        if (_parameters.MinP == 0)
        {
            return count;
        }

        double least = _candidates.Logit(0) + Math.Log(_parameters.MinP);
        int kept = 1;
        while (kept < count && _candidates.Logit(kept) >= least)
        {
            kept++;
        }

        return kept;
    }
}
