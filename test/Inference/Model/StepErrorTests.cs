using Halo.Inference.Model;

namespace Halo.Inference.Tests.Model;

/// <summary>Steps that cannot be computed: the message has the numbers, and what is open afterwards steps on as if nothing had been.</summary>
public sealed class StepErrorTests : IDisposable
{
    private const int Length = 40;

    private static readonly StepLimits s_limits = new(MaxRows: 48, MaxLogitRows: 8, MaxSequences: 3);

    private readonly OpenModel _model = new(TestPaths.BundledModel, limits: s_limits);
    private readonly Step _step = new();
    private readonly int[] _tokens;

    public StepErrorTests()
    {
        _tokens = _model.Tokens(Length + 1, seed: 1);
        _model.Append(1, 0, _tokens.AsSpan(0, Length), chunk: 8);
    }

    public void Dispose() => _model.Dispose();

    [Theory]
    [InlineData(41)]
    [InlineData(39)]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(int.MaxValue)]
    public void Forward_PositionThatDoesNotFollow_NamesBoth(int position)
    {
        _step.Rows.Add(new StepRow(1, position, 5));
        AssertRefused($"position {position} of sequence 1", "next one there is 40");
    }

    [Fact]
    public void Forward_NewSequenceFromTheMiddle_NamesTheGap()
    {
        _step.Rows.Add(new StepRow(2, 3, 5));
        AssertRefused("position 3 of sequence 2", "next one there is 0");
    }

    [Fact]
    public void Forward_GapWithinTheStep_NamesTheRow()
    {
        _step.Rows.Add(new StepRow(1, 40, 5));
        _step.Rows.Add(new StepRow(2, 0, 5));
        _step.Rows.Add(new StepRow(1, 42, 5));
        AssertRefused("Row 2", "position 42 of sequence 1", "next one there is 41");
    }

    [Fact]
    public void Forward_TooManyRows_NamesBothCounts()
    {
        _step.Rows.AddRange(Enumerable.Range(0, 49).Select(i => new StepRow(2, i, 5)));
        AssertRefused("49 rows", "48");
    }

    [Fact]
    public void Forward_TooManyLogitRows_NamesBothCounts()
    {
        _step.Rows.AddRange(Enumerable.Range(0, 9).Select(i => new StepRow(2, i, 5)));
        _step.LogitRows.AddRange(Enumerable.Range(0, 9));
        AssertRefused("9 with logits", "8");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    [InlineData(int.MaxValue)]
    public void Forward_LogitsOfARowThatIsNotThere_NamesIt(int row)
    {
        _step.Rows.Add(new StepRow(1, Length, 5));
        _step.LogitRows.Add(row);
        AssertRefused($"row {row}", "1 rows");
    }

    [Fact]
    public void Forward_BeyondTheContext_NamesItsLength()
    {
        int context = _model.Weights.Config.ContextLength;
        int[] rest = _model.Tokens(context - Length, seed: 2);
        _model.Append(1, Length, rest, chunk: 8);
        _step.Rows.Add(new StepRow(1, context, 5));
        StepException fault = Assert.Throws<StepException>(() => _model.Transformer.Forward(_step));
        Assert.Contains($"{context} of {context}", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(9, 5)]
    [InlineData(1, 41)]
    [InlineData(1, -1)]
    [InlineData(1, int.MinValue)]
    public void Forward_ForkOfWhatIsNotThere_NamesIt(long from, int length)
    {
        _step.Forks.Add(new StepFork(from, 2, length));
        AssertRefused($"first {length} positions of sequence {from}");
    }

    [Fact]
    public void Forward_ForkOfASequenceOntoItself_IsRefused()
    {
        _step.Forks.Add(new StepFork(1, 1, 20));
        AssertRefused("first 20 positions of sequence 1");
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(int.MinValue)]
    public void Forward_TruncationToANegativeLength_IsRefused(int length)
    {
        _step.Truncations.Add(new StepTruncation(1, length));
        AssertRefused($"Sequence 1 cannot be cut to {length} positions");
    }

    [Fact]
    public void Forward_TooManySequences_NamesHowMany()
    {
        _step.Rows.AddRange([new StepRow(2, 0, 5), new StepRow(3, 0, 5), new StepRow(4, 0, 5)]);
        AssertRefused("Sequence 4", "3 at once");
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1 << 20)]
    public void Forward_TokenOutsideTheVocabulary_NamesBoth(int token)
    {
        _step.Rows.Add(new StepRow(1, Length, token));
        AssertRefused($"Token {token}", $"{_model.VocabularySize} tokens");
    }

    [Fact]
    public void Forward_TruncationOrReleaseOfAnUnknownSequence_DoesNothing()
    {
        _step.Truncations.Add(new StepTruncation(9, 3));
        _step.Truncations.Add(new StepTruncation(1, Length));
        _step.Releases.Add(8);
        _model.Transformer.Forward(_step);
        AssertUnharmed();
    }

    private void AssertRefused(params string[] parts)
    {
        StepException fault = Assert.Throws<StepException>(() => _model.Transformer.Forward(_step));
        Assert.All(parts, part => Assert.Contains(part, fault.Message, StringComparison.Ordinal));
        AssertUnharmed();
    }

    private void AssertUnharmed()
    {
        // What the refused step may have opened is released, as a scheduler does; sequence 1 keeps its context.
        _model.Release(2, 3, 4);
        float[] after = Assert.Single(_model.Append(1, Length, _tokens.AsSpan(Length), chunk: 1));
        _model.Release(1);
        Assert.Equal(0, _model.Transformer.KvBlocks);
        Assert.Equal(_model.Append(2, 0, _tokens, chunk: 8)[^1], after);
    }
}
