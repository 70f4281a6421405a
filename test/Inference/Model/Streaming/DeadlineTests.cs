using Halo.Inference.Model;
using Halo.Inference.Model.Pieces;
using Halo.Inference.Model.Streaming;

namespace Halo.Inference.Tests.Model.Streaming;

/// <summary>Neuron groups that come too late, or are not asked for, are missing from a step's sum, and from nothing else.</summary>
public sealed class DeadlineTests
{
    private const int SmallPieces = 1 << 15;
    private const long Budget = 900_000;

    [Fact]
    public async Task Forward_GroupsThatAreNotLoadedByTheDeadline_AreMissingAndCounted()
    {
        // Layer 1 lacks its streamed groups from the given one on, whatever the machine does meanwhile.
        Step step = Step();
        using StreamedModel lacking = new(TestPaths.BundledModel, SmallPieces, new StreamingOptions { Order = new Lacking(layer: 1, loaded: 1), Readers = 1 }, Budget);
        float[] expected = lacking.Forward(step);
        PieceId[] streamed = StreamedOf(lacking, layer: 1);
        long missing = lacking.Streamed!.Statistics.LeftOutPieces;
        Assert.Equal((streamed.Length - 1, 0), (missing, lacking.Streamed.Statistics.LatePieces));

        VirtualTime time = new();
        HeldReader reader = new() { Holds = name => Array.FindIndex(streamed, piece => piece.ToString() == name) >= 1 };
        StreamingOptions options = new() { Reader = reader, Time = time, Deadline = TimeSpan.FromMilliseconds(5), Readers = streamed.Length };
        using StreamedModel late = new(TestPaths.BundledModel, SmallPieces, options, Budget);
        Task<float[]> forward = Task.Run(() => late.Forward(step));

        // Time stands still until the step has taken all of layer 1 but what is held.
        await Eventually.True(() => Task.FromResult(late.Streamed!.Awaited == (PieceKind.FeedForward, 1, 1)), "the step to wait for what is held");
        time.Advance(TimeSpan.FromMilliseconds(5));
        await Eventually.True(() => Task.FromResult(late.Streamed!.Statistics.LatePieces > 0), "the deadline to pass");
        reader.LetGo();
        Assert.Equal(expected, await forward);
        StreamStatistics statistics = late.Streamed!.Statistics;
        Assert.Equal((missing, 0), (statistics.LatePieces, statistics.LeftOutPieces));
        using StreamedModel whole = new(TestPaths.BundledModel, SmallPieces, null);
        Assert.NotEqual(whole.Forward(step), expected);
    }

    [Fact]
    public void Forward_ShareOfTheGroups_LoadsTheMostImportantOnesFirst()
    {
        HeldReader reader = new();
        StreamingOptions options = new() { Reader = reader, Order = new StaticGroupOrder(piece => piece.FirstGroup, 0.5), Readers = 1 };
        using StreamedModel streamed = new(TestPaths.BundledModel, SmallPieces, options, Budget);
        streamed.Forward(Step());
        PieceId[] all = StreamedOf(streamed, layer: 1);
        int wanted = (all.Length + 1) / 2;
        string[] expected = [.. all.OrderByDescending(piece => piece.FirstGroup).Take(wanted).Select(piece => piece.ToString())];
        HashSet<string> names = [.. all.Select(piece => piece.ToString())];
        Assert.Equal(expected, reader.Begun.Where(names.Contains).Take(wanted));
        Assert.True(streamed.Streamed!.Statistics.LeftOutPieces > 0);
    }

    [Fact]
    public void Observe_InputsOfAllStages_ComeInTheOrderOfTheStep()
    {
        Lacking order = new(layer: -1, loaded: 0);
        using StreamedModel streamed = new(TestPaths.BundledModel, SmallPieces, new StreamingOptions { Order = order }, Budget);
        Step step = Step();
        streamed.Forward(step);
        IEnumerable<(PieceKind, int)> expected = Enumerable.Range(0, streamed.Config.LayerCount)
            .SelectMany(layer => new[] { (PieceKind.Attention, layer), (PieceKind.FeedForward, layer) })
            .SelectMany(stage => Enumerable.Repeat(stage, step.Rows.Count));
        Assert.Equal(expected, order.Observed);
    }

    [Fact]
    public void BeginStep_ImportantPieces_StayInMemory()
    {
        StreamingOptions options = new() { Importance = piece => piece.Layer == 1 ? 2 : piece.FirstGroup == 0 ? 1 : 0 };
        using StreamedModel streamed = new(TestPaths.BundledModel, SmallPieces, options, 2_500_000);
        streamed.Forward(Step());
        ILookup<int, PieceSlot> layers = streamed.Table.StreamedStages.Where(stage => stage.Kind == PieceKind.FeedForward)
            .SelectMany(stage => stage.Slots).ToLookup(slot => slot.Id.Layer);
        Assert.All(layers[1], slot => Assert.True(slot.IsResident, $"{slot.Id} is streamed."));
        PieceSlot[] others = [.. layers.Where(layer => layer.Key != 1).SelectMany(layer => layer)];
        Assert.Contains(others, slot => slot.IsResident);
        Assert.All(others.Where(slot => slot.IsResident), slot => Assert.Equal(0, slot.Id.FirstGroup));
    }

    [Fact]
    public async Task Dispose_WhileAPieceIsBeingRead_WaitsForIt()
    {
        HeldReader reader = new();
        StreamedModel streamed = new(TestPaths.BundledModel, SmallPieces, new StreamingOptions { Reader = reader, Readers = 2 }, Budget);
        Step step = Step();
        streamed.Forward(step);
        int begun = reader.Begun.Count;
        reader.Holds = _ => true;
        step.Rows[0] = step.Rows[0] with { Position = 1 };
        Task failing = Task.Run(() => streamed.Forward(step));
        await Eventually.True(() => Task.FromResult(reader.Begun.Count - reader.Done == 2), "two reads to be under way");
        Task disposing = Task.Run(streamed.Streamed!.Dispose);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => failing);
        Assert.False(disposing.IsCompleted);
        reader.LetGo();
        await disposing;
        Assert.Equal(reader.Begun.Count, reader.Done);
        Assert.True(begun > 0);
        streamed.Dispose();
    }

    private static PieceId[] StreamedOf(StreamedModel model, int layer) =>
        model.Table.StreamedStages.Single(stage => stage.Kind == PieceKind.FeedForward && stage.Layer == layer).StreamedIds;

    private static Step Step()
    {
        Step step = new();
        step.Rows.Add(new StepRow(1, 0, 17));
        step.LogitRows.Add(0);
        return step;
    }

    /// <summary>Leaves groups of one layer out.</summary>
    private sealed class Lacking(int layer, int loaded) : IGroupOrder
    {
        internal List<(PieceKind, int)> Observed { get; } = [];

        public int Arrange(int ofLayer, IReadOnlyList<PieceId> pieces, Span<int> order) => ofLayer == layer ? loaded : pieces.Count;

        public void Observe(PieceKind kind, int ofLayer, ReadOnlySpan<float> input) => Observed.Add((kind, ofLayer));
    }
}
