using Halo.Boards.Steps;
using Halo.Grains.Scheduling;
using Halo.Grains.Scheduling.Drafts;
using Halo.Inference.Model;

namespace Halo.Grains.Tests.Scheduling;

/// <summary>Steps with guesses, as the composer makes them: what follows the prompt is known to the test, as if boards had computed it.</summary>
public sealed class DraftStepTests
{
    private readonly StepRequest _request = new();
    private readonly StepCost _costs = new();
    private long _lastId;

    private Step Step => _request.Step;

    [Fact]
    public void TryCompose_TextThatRepeats_AddsGuessesWithLogitsAndKeepsWhatWasRight()
    {
        StepComposer composer = new(new StepLimits(), 1024, _costs);
        ScheduledSequence sequence = Add(composer, [1, 2, 3, 4, 5, 6, 1], maxTokens: 20, speculate: 3);
        Run(composer, [2]);
        Assert.Equal(0, _costs.Drafted); // nothing is guessed after a prompt that is not computed yet

        Assert.True(composer.TryCompose(_request));
        Assert.Equal([(7, 2), (8, 3), (9, 4), (10, 5)], Rows(sequence));
        Assert.Equal([0, 1, 2, 3], Step.LogitRows);
        Finish(composer, [3, 4, 9]); // two were right, and the one after them is not what was guessed
        Assert.Equal([1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 9], sequence.Tokens);
        Assert.Equal((10, 1), (sequence.Computed, sequence.Pending));

        Assert.True(composer.TryCompose(_request));
        Assert.Equal([new StepTruncation(sequence.Id, 10)], Step.Truncations);
        Assert.Equal([(10, 9)], Rows(sequence));
        Finish(composer, [1]);
        Assert.True(composer.TryCompose(_request));
        Assert.Empty(Step.Truncations);
        Assert.Equal((3, 2), (_costs.Drafted, _costs.Accepted));
    }

    [Fact]
    public void TryCompose_AllGuessesRight_CutsNothingOff()
    {
        StepComposer composer = new(new StepLimits(), 1024, _costs);
        ScheduledSequence sequence = Add(composer, [1, 2, 3, 4, 5, 6, 1], maxTokens: 20, speculate: 2);
        Run(composer, [2]);
        Run(composer, [3, 4, 5]);
        Assert.True(composer.TryCompose(_request));
        Assert.Empty(Step.Truncations);
        Assert.Equal([(10, 5), (11, 6), (12, 1)], Rows(sequence));
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 0)]
    [InlineData(3, 1)]
    [InlineData(5, 3)]
    public void TryCompose_NearTheEnd_GuessesNoMoreThanIsWanted(int maxTokens, int guesses)
    {
        StepComposer composer = new(new StepLimits(), 1024, _costs);
        ScheduledSequence sequence = Add(composer, [1, 2, 3, 4, 5, 6, 1], maxTokens, speculate: 8);
        Run(composer, [2]);
        if (maxTokens == 1)
        {
            Assert.True(sequence.IsDone);
            return;
        }

        Assert.True(composer.TryCompose(_request));
        Assert.Equal(1 + guesses, Step.Rows.Count);
    }

    [Fact]
    public void TryCompose_SeveralSequences_ShareTheRoomThatPromptsLeave()
    {
        StepComposer composer = new(new StepLimits(MaxRows: 40, MaxLogitRows: 9), 1024, _costs);
        ScheduledSequence[] sequences = [.. Enumerable.Range(0, 3).Select(i => Add(composer, [1, 2, 3, 4, 5, 6, 7, 8, 10 + i, 1], maxTokens: 20, speculate: 8))];
        Run(composer, [2]);
        Assert.True(composer.TryCompose(_request));
        Assert.Equal((9, 9), (Step.Rows.Count, Step.LogitRows.Count)); // logits are what runs short
        Assert.All(sequences, sequence => Assert.Equal(3, Rows(sequence).Length));
        Finish(composer, [3, 9]);

        Add(composer, [.. Enumerable.Range(100, 50)], maxTokens: 5, speculate: 8);
        Assert.True(composer.TryCompose(_request));
        Assert.Equal(40, Step.Rows.Count);
        Assert.All(sequences, sequence => Assert.Single(Rows(sequence)));
    }

    [Fact]
    public void TryCompose_SequenceUnderSuspicion_GuessesNothing()
    {
        StepComposer composer = new(new StepLimits(), 1024, _costs);
        ScheduledSequence sequence = Add(composer, [1, 2, 3, 4, 5, 6, 1], maxTokens: 20, speculate: 8);
        Run(composer, [2]);
        sequence.Endurance.Fault(isOwn: true);
        Assert.True(composer.TryCompose(_request));
        Assert.Single(Rows(sequence));
    }

    [Fact]
    public void Restart_WithGuessesUnderWay_StartsFromWhatWasSampled()
    {
        StepComposer composer = new(new StepLimits(), 1024, _costs);
        ScheduledSequence sequence = Add(composer, [1, 2, 3, 4, 5, 6, 1], maxTokens: 20, speculate: 3);
        Run(composer, [2]);
        Run(composer, [3, 9]);
        Assert.True(composer.TryCompose(_request));
        composer.Failed(_request);
        sequence.Drop();
        StepComposer next = new(new StepLimits(), 1024, _costs);
        sequence.Restart(99);
        next.Add(sequence);

        Assert.True(next.TryCompose(_request));
        Assert.Empty(Step.Truncations);
        Assert.Equal([1, 2, 3, 4, 5, 6, 1, 2, 3, 9], Step.Rows.Select(row => row.TokenId));
        Assert.Equal([9], Step.LogitRows);
        Assert.Equal(3, _request.Opens[0].SampledCount);
    }

    [Fact]
    public void TryCompose_AutoOnATextThatNeverGoesOnAsBefore_CostsNextToNothing()
    {
        StepComposer composer = new(new StepLimits(), 4096, _costs);
        ScheduledSequence sequence = Add(composer, [7, 8], maxTokens: 2000, speculate: Speculation.Auto, context: 4096);
        int steps = 0;
        int rows = 0;
        for (int sampled = 0; !sequence.IsDone; steps++)
        {
            Assert.True(composer.TryCompose(_request));
            rows += Step.Rows.Count;
            composer.Took(Step, TimeSpan.FromMilliseconds(1 + 0.3 * (Step.Rows.Count - 1)));

            // 7 8, and then what never followed on it.
            Finish(composer, [(sampled % 3) switch { 0 => 100 + sampled, 1 => 7, _ => 8 }]);
            sampled++;
        }

        Assert.Equal(2000, steps);
        Assert.InRange(rows - steps, 2, 40); // a third of the steps had something to guess
        Assert.Equal(0, _costs.Accepted);
    }

    [Theory]
    [InlineData(0.05, 260)] // rows for nothing: 8 guesses a step
    [InlineData(0.9, 260)]  // dear ones, but all right
    [InlineData(1.5, 1990)] // a row costs more than the step that it saves
    public void TryCompose_AutoOnATextThatRepeats_SavesStepsWhereTheyPay(double rowCost, int mostSteps)
    {
        StepComposer composer = new(new StepLimits(), 4096, _costs);
        ScheduledSequence sequence = Add(composer, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0], maxTokens: 2000, speculate: Speculation.Auto, context: 4096);
        int steps = 0;
        double time = 0;
        for (; !sequence.IsDone; steps++)
        {
            Assert.True(composer.TryCompose(_request));
            double took = 1 + rowCost * (Step.Rows.Count(row => row.Position > 9) - 1);
            time += took;
            composer.Took(Step, TimeSpan.FromMilliseconds(took));
            int first = sequence.Tokens.Count;
            Finish(composer, [.. Enumerable.Range(first, 20).Select(position => position % 10)]);
        }

        Assert.InRange(steps, 200, mostSteps);
        Assert.InRange(time, 0, 2000 * 1.03); // never slower than one token a step, but for a few tries
        Assert.Equal(Enumerable.Range(0, 2011).Select(position => position % 10), sequence.Tokens);
    }

    private ScheduledSequence Add(StepComposer composer, int[] tokens, int maxTokens, int speculate, int context = 512)
    {
        SequenceRequest request = new() { Tokens = tokens, MaxTokens = maxTokens, Sampling = new SamplingOptions { Temperature = 0 }, EndTokens = [] };
        ScheduledSequence sequence = new(++_lastId, request, context, new Drafter(_costs, speculate, []));
        composer.Add(sequence);
        return sequence;
    }

    private (int, int)[] Rows(ScheduledSequence sequence) =>
        [.. Step.Rows.Where(row => row.SequenceId == sequence.Id).Select(row => (row.Position, row.TokenId))];

    private void Run(StepComposer composer, int[] sampled)
    {
        Assert.True(composer.TryCompose(_request));
        Finish(composer, sampled);
    }

    // What the head board and the scheduler do after a step. Every sequence's next tokens are those that are given, as far as its rows are right.
    private void Finish(StepComposer composer, int[] sampled)
    {
        foreach (ScheduledSequence sequence in composer.Running)
        {
            int first = sequence.Tokens.Count;
            foreach (StepRow row in Step.LogitRows.Select(index => Step.Rows[index]).Where(row => row.SequenceId == sequence.Id))
            {
                if (!sequence.IsDone && row.Position < sequence.Tokens.Count && sequence.Tokens[row.Position] == row.TokenId)
                {
                    sequence.Accept(new RowOutcome(row.SequenceId, row.Position, sampled[row.Position + 1 - first], -1, null));
                }
            }

            sequence.Advance();
        }
    }
}
