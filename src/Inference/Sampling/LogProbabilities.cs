namespace Halo.Inference.Sampling;

/// <summary>A token and the natural logarithm of its probability.</summary>
public readonly record struct TokenLogProbability(int Token, float LogProbability);

/// <summary>Log-probabilities under the plain softmax of logits, summed in double after the maximum is taken off.</summary>
public static class LogProbabilities
{
    /// <summary><c>logits[token] - log(sum over i of exp(logits[i]))</c>.</summary>
    /// <exception cref="ArithmeticException">A logit is NaN or +infinity, or all are -infinity.</exception>
    public static float Of(ReadOnlySpan<float> logits, int token)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)token, (uint)logits.Length, nameof(token));
        return (float)(logits[token] - LogSum(logits));
    }

    /// <summary>
    /// The likeliest tokens, likeliest first, lower ids first among equals.
    /// </summary>
    /// <returns>How many were written: the least of <paramref name="count"/>, the vocabulary and the destination.</returns>
    /// <exception cref="ArithmeticException">A logit is NaN or +infinity, or all are -infinity.</exception>
    public static int Top(ReadOnlySpan<float> logits, int count, Span<TokenLogProbability> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        count = Math.Min(count, Math.Min(logits.Length, destination.Length));
        if (count == 0)
        {
            return 0;
        }

        double logSum = LogSum(logits);
        int filled = 0;
        for (int token = 0; token < logits.Length; token++)
        {
            // Insertion into a short sorted list: most tokens fail this one comparison.
            float logit = logits[token];
            if (filled == count && logit <= destination[filled - 1].LogProbability)
            {
                continue;
            }

            int at = filled < count ? filled++ : filled - 1;
            for (; at > 0 && destination[at - 1].LogProbability < logit; at--)
            {
                destination[at] = destination[at - 1];
            }

            destination[at] = new TokenLogProbability(token, logit);
        }

        foreach (ref TokenLogProbability entry in destination[..filled])
        {
            entry = entry with { LogProbability = (float)(entry.LogProbability - logSum) };
        }

        return filled;
    }

    /// <summary>log of the sum of exp(logit), after refusing logits that no softmax has.</summary>
    internal static double LogSum(ReadOnlySpan<float> logits)
    {
        float max = logits[Likeliest(logits)];
        double sum = 0;
        foreach (float logit in logits)
        {
            sum += Math.Exp((double)logit - max);
        }

        return max + Math.Log(sum);
    }

    /// <summary>Token of the largest logit, the lowest id among equals.</summary>
    internal static int Likeliest(ReadOnlySpan<float> logits)
    {
        int best = 0;
        float max = float.NegativeInfinity;
        for (int token = 0; token < logits.Length; token++)
        {
            float logit = logits[token];
            if (!(logit < float.PositiveInfinity))
            {
                throw new ArithmeticException($"The logit of token {token} is {logit}: the weights or the computation are damaged.");
            }

            if (logit > max)
            {
                (best, max) = (token, logit);
            }
        }

        return float.IsNegativeInfinity(max)
            ? throw new ArithmeticException($"All {logits.Length} logits are -infinity: no token is possible.")
            : best;
    }
}
