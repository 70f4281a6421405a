using Halo.Inference.Model;
using Halo.Inference.Sampling;

namespace Halo.Boards.Steps;

/// <summary>The head board's side of the open sequences: their tokens so far and their samplers. Used by the step thread alone.</summary>
internal sealed class HeadSequences(int vocabularySize)
{
    private readonly Dictionary<long, Sequence> _sequences = [];

    internal void Apply(Step step)
    {
        foreach (long sequence in step.Releases)
        {
            _sequences.Remove(sequence);
        }

        foreach (StepTruncation truncation in step.Truncations)
        {
            if (_sequences.TryGetValue(truncation.SequenceId, out Sequence? sequence))
            {
                sequence.Truncate(truncation.Length);
            }
        }
    }

    internal void Open(SequenceSpec spec) => _sequences[spec.SequenceId] = new Sequence(spec, vocabularySize);

    /// <summary>
    /// Scores or samples every logit row that counts. A row whose token is not the one that its sequence has there was a wrong guess, and so were those
    /// after it: they have no outcome, and the sampler does not see them. So the tokens that come, and their random numbers, are those of one
    /// row a step.
    /// </summary>
    /// <param name="step">The step.</param>
    /// <param name="logits">(logitRows, vocabularySize); worked on in place.</param>
    /// <param name="outcomes">Takes what became of the rows, in their order.</param>
    internal void Pick(Step step, Span<float> logits, List<RowOutcome> outcomes)
    {
        outcomes.Clear();
        for (int i = 0; i < step.LogitRows.Count; i++)
        {
            StepRow row = step.Rows[step.LogitRows[i]];
            if (!_sequences.TryGetValue(row.SequenceId, out Sequence? sequence))
            {
                throw new StepException($"Logits of sequence {row.SequenceId} are wanted, but it was not opened on the head board.");
            }

            if (sequence.Has(row))
            {
                outcomes.Add(sequence.Next(row, logits.Slice(i * vocabularySize, vocabularySize)));
            }
        }
    }

    private sealed class Sequence
    {
        private readonly SequenceSpec _spec;
        private readonly List<int> _tokens;
        private readonly int _vocabularySize;
        private Sampler _sampler;

        internal Sequence(SequenceSpec spec, int vocabularySize)
        {
            _spec = spec;
            _tokens = [.. spec.Tokens];
            _vocabularySize = vocabularySize;
            _sampler = MakeSampler();
        }

        internal void Truncate(int length)
        {
            // The token after the last position that stays is known, as that one was computed. Given tokens stay given in any case.
            int keep = Math.Max(length + 1, _spec.Tokens.Count);
            if (_tokens.Count > keep)
            {
                _tokens.RemoveRange(keep, _tokens.Count - keep);
                _sampler = MakeSampler();
            }
        }

        /// <summary>Whether a row's token is this sequence's at its position.</summary>
        internal bool Has(StepRow row) => row.Position < _tokens.Count && _tokens[row.Position] == row.TokenId;

        internal RowOutcome Next(StepRow row, Span<float> logits)
        {
            TokenLogProbability[]? top = null;
            if (_spec.TopCount > 0)
            {
                top = new TokenLogProbability[_spec.TopCount];
                LogProbabilities.Top(logits, _spec.TopCount, top);
            }

            int next = row.Position + 1;
            if (next < _tokens.Count)
            {
                return new RowOutcome(row.SequenceId, row.Position, _tokens[next], LogProbabilities.Of(logits, _tokens[next]), top);
            }

            SampledToken sampled = _sampler.Sample(logits, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_tokens));
            _tokens.Add(sampled.Token);
            return new RowOutcome(row.SequenceId, row.Position, sampled.Token, sampled.LogProbability, top);
        }

        // Random numbers go on after the tokens that are there.
        private Sampler MakeSampler()
        {
            Sampler sampler = new(_spec.Sampling, _vocabularySize);
            sampler.Skip(_spec.SampledCount + _tokens.Count - _spec.Tokens.Count);
            return sampler;
        }
    }
}
