using Halo.Boards.Steps;
using Halo.Grains.Scheduling;
using Halo.Inference.Model;

namespace Halo.Grains.Tests.Scheduling;

public sealed class StepComposerTests
{
    private readonly StepRequest _request = new();
    private long _lastId;

    private Step Step => _request.Step;

    [Fact]
    public void TryCompose_NothingToDo_ReturnsFalse() => Assert.False(new StepComposer(new StepLimits(), 1024).TryCompose(_request));

    [Fact]
    public void TryCompose_DecodingAndPrompts_PutsDecodingFirstAndFillsUpWithPrompts()
    {
        StepComposer composer = new(new StepLimits(MaxRows: 10), 1024);
        ScheduledSequence decoding = Add(composer, Tokens(3), maxTokens: 5);
        Run(composer);
        ScheduledSequence prompt = Add(composer, Tokens(14, first: 100), maxTokens: 1);
        ScheduledSequence behind = Add(composer, Tokens(4, first: 200), maxTokens: 1);

        Assert.True(composer.TryCompose(_request));
        Assert.Equal([(decoding.Id, 3), .. Enumerable.Range(0, 9).Select(position => (prompt.Id, position))], Rows());
        Assert.Equal([0], Step.LogitRows);
        Finish(composer);

        Assert.True(composer.TryCompose(_request));
        Assert.Equal(
            [(decoding.Id, 4), .. Enumerable.Range(9, 5).Select(position => (prompt.Id, position)), .. Enumerable.Range(0, 4).Select(position => (behind.Id, position))],
            Rows());
        Assert.Equal([0, 5, 9], Step.LogitRows);
    }

    [Fact]
    public void TryCompose_RowsPerStepGiven_TakesNoMoreOfThatSequence()
    {
        StepComposer composer = new(new StepLimits(MaxRows: 10), 1024);
        ScheduledSequence scored = new(
            ++_lastId,
            new SequenceRequest { Tokens = Tokens(4), MaxTokens = 0, Sampling = new SamplingOptions(), EndTokens = [], ScoreFrom = 1, RowsPerStep = 1 },
            contextLength: 512);
        composer.Add(scored);
        for (int position = 0; position < 3; position++)
        {
            Assert.True(composer.TryCompose(_request));
            Assert.Equal([(scored.Id, position)], Rows());
            Assert.Equal([0], Step.LogitRows);
            Finish(composer);
        }

        Assert.True(scored.IsDone);
    }

    [Fact]
    public void TryCompose_KvForTheFirstOnly_LetsNobodyOvertake()
    {
        StepComposer composer = new(new StepLimits(), kvPositions: 128);
        ScheduledSequence first = Add(composer, Tokens(60), maxTokens: 36); // 96 positions: 3 of 4 blocks
        ScheduledSequence large = Add(composer, Tokens(40, first: 100), maxTokens: 30);
        ScheduledSequence small = Add(composer, Tokens(2, first: 200), maxTokens: 2);

        Assert.True(composer.TryCompose(_request));
        Assert.Equal([first.Id], Step.Rows.Select(row => row.SequenceId).Distinct());
        Assert.Equal((1, 2), (composer.RunningCount, composer.WaitingCount));

        composer.Remove(first);
        Assert.True(composer.TryCompose(_request));
        Assert.Equal([first.Id], Step.Releases);
        Assert.Equal([large.Id, small.Id], Step.Rows.Select(row => row.SequenceId).Distinct());
        Assert.Equal([large.Spec, small.Spec], _request.Opens);
    }

    [Fact]
    public void TryCompose_TooManySequences_KeepsTheRestWaiting()
    {
        StepComposer composer = new(new StepLimits(MaxSequences: 2), 1024);
        ScheduledSequence[] sequences = [.. Enumerable.Range(0, 3).Select(i => Add(composer, Tokens(2, first: 100 * i), 2))];
        Assert.True(composer.TryCompose(_request));
        Assert.Equal(sequences[..2].Select(sequence => sequence.Id), Step.Rows.Select(row => row.SequenceId).Distinct());
        composer.Remove(sequences[0]);
        Finish(composer);
        Assert.True(composer.TryCompose(_request));
        Assert.Contains(sequences[2].Spec, _request.Opens);
    }

    [Fact]
    public void TryCompose_PromptThatBeginsLikeAnother_TakesItsKvOver()
    {
        StepComposer composer = new(new StepLimits(), 1024);
        ScheduledSequence source = Add(composer, Tokens(40), maxTokens: 5);
        Run(composer);
        ScheduledSequence like = Add(composer, [.. Tokens(30), .. Tokens(10, first: 500)], maxTokens: 5);

        Assert.True(composer.TryCompose(_request));
        Assert.Equal([new StepFork(source.Id, like.Id, 30)], Step.Forks);
        Assert.Equal(Enumerable.Range(30, 10), Step.Rows.Where(row => row.SequenceId == like.Id).Select(row => row.Position));
        Assert.Equal(30, composer.ReusedPositions);
    }

    [Fact]
    public void TryCompose_SamePrompt_ComputesItsLastTokenAgain()
    {
        StepComposer composer = new(new StepLimits(), 1024);
        ScheduledSequence source = Add(composer, Tokens(40), maxTokens: 5);
        Run(composer);
        ScheduledSequence same = Add(composer, Tokens(40), maxTokens: 5);
        Assert.True(composer.TryCompose(_request));
        Assert.Equal([new StepFork(source.Id, same.Id, 39)], Step.Forks);
        Assert.Contains(Step.LogitRows, row => Step.Rows[row] == new StepRow(same.Id, 39, Tokens(40)[39]));
    }

    [Fact]
    public void TryCompose_ShortCommonBeginning_IsComputed()
    {
        StepComposer composer = new(new StepLimits(), 1024);
        Add(composer, Tokens(40), maxTokens: 5);
        Run(composer);
        Add(composer, [.. Tokens(15), .. Tokens(5, first: 500)], maxTokens: 5);
        Assert.True(composer.TryCompose(_request));
        Assert.Empty(Step.Forks);
    }

    [Fact]
    public void TryCompose_BeginningThatIsBeingComputed_IsWaitedForWhileOthersPass()
    {
        StepComposer composer = new(new StepLimits(MaxRows: 20), 1024);
        ScheduledSequence source = Add(composer, Tokens(50), maxTokens: 5);
        Run(composer);
        ScheduledSequence like = Add(composer, Tokens(45), maxTokens: 5);
        ScheduledSequence other = Add(composer, Tokens(3, first: 900), maxTokens: 5);

        Assert.True(composer.TryCompose(_request));
        Assert.Equal([other.Spec], _request.Opens);
        Assert.DoesNotContain(Step.Rows, row => row.SequenceId == like.Id);
        Finish(composer);
        for (int step = 0; source.Computed < 44; step++)
        {
            Assert.InRange(step, 0, 4);
            Run(composer);
        }

        Assert.True(composer.TryCompose(_request));
        Assert.Equal([new StepFork(source.Id, like.Id, 44)], Step.Forks);
    }

    [Fact]
    public void TryCompose_SourceGoneWhileAnotherWaitsForIt_ComputesItself()
    {
        StepComposer composer = new(new StepLimits(MaxRows: 20), 1024);
        ScheduledSequence source = Add(composer, Tokens(50), maxTokens: 5);
        Run(composer);
        ScheduledSequence like = Add(composer, Tokens(45), maxTokens: 5);
        Run(composer);
        composer.Remove(source);
        Assert.True(composer.TryCompose(_request));
        Assert.Equal([source.Id], Step.Releases);
        Assert.Empty(Step.Forks);
        Assert.Equal(Enumerable.Range(0, 20).Select(position => (like.Id, position)), Rows());
    }

    [Fact]
    public void Remove_OfARunningSequence_ReleasesItWithinOneStepAndOnce()
    {
        StepComposer composer = new(new StepLimits(), 1024);
        ScheduledSequence sequence = Add(composer, Tokens(5), maxTokens: 5);
        Run(composer);
        composer.Remove(sequence);
        composer.Remove(sequence);
        Assert.True(composer.TryCompose(_request));
        Assert.Equal([sequence.Id], Step.Releases);
        Assert.Empty(Step.Rows);
        Assert.False(composer.TryCompose(_request));
    }

    [Fact]
    public void Remove_OfAWaitingSequence_ReleasesNothing()
    {
        StepComposer composer = new(new StepLimits(), 1024);
        composer.Remove(Add(composer, Tokens(5), maxTokens: 5));
        Assert.False(composer.TryCompose(_request));
    }

    [Fact]
    public void Failed_ReleasesGoAlongWithTheNextStepButMakeNone()
    {
        StepComposer composer = new(new StepLimits(), 1024);
        ScheduledSequence lost = Add(composer, Tokens(5), maxTokens: 5);
        Run(composer);
        composer.Remove(lost);
        Assert.True(composer.TryCompose(_request));
        composer.Failed(_request);
        Assert.False(composer.TryCompose(_request));

        ScheduledSequence next = Add(composer, Tokens(3), maxTokens: 1);
        Assert.True(composer.TryCompose(_request));
        Assert.Equal([lost.Id], Step.Releases);
        Assert.Equal([next.Id], Step.Rows.Select(row => row.SequenceId).Distinct());
        Finish(composer);
        Assert.True(composer.TryCompose(_request));
        Assert.Empty(Step.Releases);
    }

    [Fact]
    public void Failed_ManyTimes_NeverPutsMoreReleasesIntoAStepThanItHolds()
    {
        StepComposer composer = new(new StepLimits(MaxSequences: 2), 1024);
        for (int round = 0; round < 5; round++)
        {
            ScheduledSequence lost = Add(composer, Tokens(5), maxTokens: 5);
            Assert.True(composer.TryCompose(_request));
            Assert.InRange(Step.Releases.Count, 0, 2);
            composer.Failed(_request);
            composer.Remove(lost);
            while (composer.TryCompose(_request))
            {
                Assert.InRange(Step.Releases.Count, 0, 2);
                composer.Failed(_request);
            }
        }

        HashSet<long> released = [];
        Add(composer, Tokens(5), maxTokens: 5);
        for (int step = 0; step < 4; step++)
        {
            Run(composer);
            released.UnionWith(Step.Releases);
        }

        Assert.Equal([1, 2, 3, 4, 5], released.Order());
    }

    [Fact]
    public void TryCompose_ScoredPrompt_WantsLogitsFromTheFirstScoredTokenOn()
    {
        StepComposer composer = new(new StepLimits(), 1024);
        ScheduledSequence scored = Add(composer, Tokens(6), maxTokens: 0, scoreFrom: 3);
        Assert.True(composer.TryCompose(_request));

        // Token 3 is scored by the row of position 2; after the last token nothing is wanted, so it has no row.
        Assert.Equal(Enumerable.Range(0, 5).Select(position => (scored.Id, position)), Rows());
        Assert.Equal([2, 3, 4], Step.LogitRows);
        Finish(composer);
        Assert.True(scored.IsDone);
    }

    [Fact]
    public void TryCompose_ScoredAndContinued_WantsBoth()
    {
        StepComposer composer = new(new StepLimits(), 1024);
        Add(composer, Tokens(4), maxTokens: 2, scoreFrom: 1);
        Assert.True(composer.TryCompose(_request));
        Assert.Equal([0, 1, 2, 3], Step.LogitRows);
    }

    [Fact]
    public void TryCompose_ScoredPrompt_ReusesOnlyWhatIsNotScored()
    {
        StepComposer composer = new(new StepLimits(), 1024);
        ScheduledSequence source = Add(composer, Tokens(40), maxTokens: 5);
        Run(composer);
        ScheduledSequence scored = Add(composer, Tokens(40), maxTokens: 0, scoreFrom: 30);
        Assert.True(composer.TryCompose(_request));
        Assert.Equal([new StepFork(source.Id, scored.Id, 29)], Step.Forks);
    }

    [Fact]
    public void TryCompose_MoreLogitRowsThanAStepTakes_GoesOnInTheNext()
    {
        StepComposer composer = new(new StepLimits(MaxRows: 64, MaxLogitRows: 4), 1024);
        ScheduledSequence scored = Add(composer, Tokens(12), maxTokens: 0, scoreFrom: 3);
        Assert.True(composer.TryCompose(_request));
        Assert.Equal((6, 4), (Step.Rows.Count, Step.LogitRows.Count));
        Finish(composer);
        Assert.True(composer.TryCompose(_request));
        Assert.Equal((scored.Id, 6), Rows()[0]);
        Assert.Equal(4, Step.LogitRows.Count);
    }

    [Fact]
    public void TryCompose_NothingToComputeForASequence_EndsItWithAnEmptyStep()
    {
        StepComposer composer = new(new StepLimits(), 1024);
        ScheduledSequence lone = Add(composer, Tokens(1), maxTokens: 0, scoreFrom: 1);
        Assert.True(composer.TryCompose(_request));
        Assert.Empty(Step.Rows);
        Finish(composer);
        Assert.True(lone.IsDone);
    }

    [Fact]
    public void TryCompose_SuspectsOfAFailedStep_HaveStepsToThemselvesUntilTheyGetOn()
    {
        StepComposer composer = new(new StepLimits(), 1024);
        ScheduledSequence first = Add(composer, Tokens(20), maxTokens: 5);
        ScheduledSequence second = Add(composer, Tokens(20), maxTokens: 5);
        ScheduledSequence other = Add(composer, Tokens(3, first: 100), maxTokens: 5);
        first.Endurance.Fault(isOwn: true);
        second.Endurance.Fault(isOwn: true);
        foreach (ScheduledSequence suspect in new[] { first, second })
        {
            Assert.True(composer.TryCompose(_request));
            Assert.Equal([suspect.Id], Step.Rows.Select(row => row.SequenceId).Distinct());
            Assert.Equal([suspect.Id], _request.Opens.Select(opened => opened.SequenceId));
            Assert.Empty(Step.Forks);
            Finish(composer);
        }

        Assert.True(composer.TryCompose(_request));
        Assert.Equal([first.Id, second.Id, other.Id], Step.Rows.Select(row => row.SequenceId).Distinct());
    }

    [Fact]
    public void TryCompose_NoKvForASuspectYet_LetsTheOthersGoOn()
    {
        StepComposer composer = new(new StepLimits(), 64);
        ScheduledSequence large = Add(composer, Tokens(40), maxTokens: 5);
        Run(composer);
        ScheduledSequence suspect = Add(composer, Tokens(40, first: 100), maxTokens: 5);
        suspect.Endurance.Fault(isOwn: true);
        Assert.True(composer.TryCompose(_request));
        Assert.Equal([(large.Id, 40)], Rows());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Succeed_AnotherComposer_ReleasesWhatTheSameBoardsHave(bool sameBoards)
    {
        StepComposer before = new(new StepLimits(), 1024);
        ScheduledSequence gone = Add(before, Tokens(5), maxTokens: 5);
        ScheduledSequence open = Add(before, Tokens(5, first: 100), maxTokens: 5);
        Run(before);
        before.Remove(gone);
        StepComposer composer = new(new StepLimits(), 1024);
        composer.Succeed(before, sameBoards);
        long old = open.Id;
        open.Restart(++_lastId);
        composer.Add(open);

        Assert.True(composer.TryCompose(_request));
        Assert.Equal(sameBoards ? [gone.Id, old] : [], Step.Releases.Order());
        Assert.Equal(6, Step.Rows.Count(row => row.SequenceId == _lastId));
    }

    private static int[] Tokens(int count, int first = 10) => [.. Enumerable.Range(first, count)];

    private ScheduledSequence Add(StepComposer composer, int[] tokens, int maxTokens, int? scoreFrom = null)
    {
        ScheduledSequence sequence = new(
            ++_lastId,
            new SequenceRequest
            {
                Tokens = tokens,
                MaxTokens = maxTokens,
                Sampling = new SamplingOptions { Temperature = 0 },
                EndTokens = [],
                ScoreFrom = scoreFrom,
            },
            contextLength: 512);
        composer.Add(sequence);
        return sequence;
    }

    private (long, int)[] Rows() => [.. Step.Rows.Select(row => (row.SequenceId, row.Position))];

    private void Run(StepComposer composer)
    {
        Assert.True(composer.TryCompose(_request));
        Finish(composer);
    }

    // What the scheduler does after a step; every sampled token is 7.
    private void Finish(StepComposer composer)
    {
        foreach (StepRow row in Step.LogitRows.Select(index => Step.Rows[index]))
        {
            composer.Running.FirstOrDefault(sequence => sequence.Id == row.SequenceId)
                ?.Accept(new RowOutcome(row.SequenceId, row.Position, 7, -1, null));
        }

        foreach (ScheduledSequence sequence in composer.Running)
        {
            sequence.Advance();
        }
    }
}
