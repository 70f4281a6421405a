namespace Halo.Inference.Sampling;

/// <summary>Lowers the logits of tokens that occurred lately, and puts the old logits back.</summary>
internal sealed class Penalties
{
    private readonly SamplingParameters _parameters;
    private readonly int[] _counts; // (vocabularySize): occurrences in the window; all 0 between calls
    private readonly int[] _tokens; // (penaltyWindow): distinct tokens of the window, in order of first occurrence
    private readonly float[] _logits; // (penaltyWindow): their untouched logits
    private int _distinct;

    internal Penalties(SamplingParameters parameters, int vocabularySize)
    {
        _parameters = parameters;
        bool active = parameters.RepetitionPenalty != 1 || parameters.FrequencyPenalty != 0 || parameters.PresencePenalty != 0;
        int window = active ? parameters.PenaltyWindow : 0;
        _counts = new int[window > 0 ? vocabularySize : 0];
        _tokens = new int[window];
        _logits = new float[window];
    }

    /// <summary>
    /// For a token that occurs n times in the window: <c>z = z &gt; 0 ? z / repetition : z * repetition</c>, then
    /// <c>z -= n * frequency + presence</c>.
    /// </summary>
    internal void Apply(Span<float> logits, ReadOnlySpan<int> history)
    {
        if (_tokens.Length == 0)
        {
            return;
        }

        foreach (int token in history[Math.Max(0, history.Length - _tokens.Length)..])
        {
            if ((uint)token >= (uint)logits.Length)
            {
                Undo(logits, restoreLogits: false);
                throw new ArgumentOutOfRangeException(nameof(history), token, $"The history holds a token outside the vocabulary of {logits.Length}.");
            }

            if (_counts[token]++ == 0)
            {
                _tokens[_distinct] = token;
                _logits[_distinct++] = logits[token];
            }
        }

        foreach (int token in _tokens.AsSpan(0, _distinct))
        {
            float z = logits[token];
            if (float.IsNegativeInfinity(z))
            {
                continue; // impossible it stays
            }

            // A penalty near 0 must not make a logit infinite, which would look like damaged weights.
            z = z > 0 ? z / _parameters.RepetitionPenalty : z * _parameters.RepetitionPenalty;
            logits[token] = Math.Clamp(z - ((_counts[token] * _parameters.FrequencyPenalty) + _parameters.PresencePenalty), float.MinValue, float.MaxValue);
        }
    }

    internal void Undo(Span<float> logits, bool restoreLogits = true)
    {
        for (int i = 0; i < _distinct; i++)
        {
            _counts[_tokens[i]] = 0;
            if (restoreLogits)
            {
                logits[_tokens[i]] = _logits[i];
            }
        }

        _distinct = 0;
    }
}
