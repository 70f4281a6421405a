using Halo.Planning.Assignment;
using Halo.Planning.Importance;
using Halo.Planning.Profiles;
using Halo.Planning.Timing;

namespace Halo.Planning.Tests.Timing;

public sealed class StepTimeTests
{
    private const double Tolerance = 0.15;

    // The laboratory's model: 22 layers of hidden 512, feed-forward 1536, 8 KV heads, Q8_0 (34 bytes for 32 weights).
    private static readonly ModelProfile s_model = new()
    {
        Name = "lab",
        LayerCount = 22,
        HeadGroupCount = 8,
        NeuronGroupCount = 24,
        TokenGroupCount = 16,
        HeadGroupBytes = 4 * 512 * 64 * 34 / 32,
        NeuronGroupBytes = 3 * 512 * 64 * 34 / 32,
        TokenGroupBytes = 512 * 128 * 34 / 32,
        KvBytesPerPosition = 512,
        BoardBytes = 1_000_000,
        HeadBoardBytes = 1_000_000,
        ContextLength = 512,
    };

    // docs/fabric.md, 4 and 8 boards, 2.5 ms one way.
    [Theory]
    [InlineData(4, SumPolicy.Protected, 0, 129.6)]
    [InlineData(4, SumPolicy.Protected, 0.01, 133.4)]
    [InlineData(4, SumPolicy.Protected, 0.05, 136.1)]
    [InlineData(4, SumPolicy.Protected, 0.10, 138.2)]
    [InlineData(4, SumPolicy.Relaxed, 0, 132.8)]
    [InlineData(4, SumPolicy.Relaxed, 0.01, 133.7)]
    [InlineData(4, SumPolicy.Relaxed, 0.05, 135.0)]
    [InlineData(4, SumPolicy.Relaxed, 0.10, 137.8)]
    [InlineData(4, SumPolicy.TcpLowRto, 0, 131.6)]
    [InlineData(4, SumPolicy.TcpLowRto, 0.01, 174.2)]
    [InlineData(4, SumPolicy.TcpLowRto, 0.05, 373.9)]
    [InlineData(4, SumPolicy.TcpLowRto, 0.10, 736.0)]
    [InlineData(8, SumPolicy.Protected, 0, 156.1)]
    [InlineData(8, SumPolicy.Protected, 0.01, 172.8)]
    [InlineData(8, SumPolicy.Protected, 0.05, 192.6)]
    [InlineData(8, SumPolicy.Protected, 0.10, 215.8)]
    [InlineData(8, SumPolicy.Relaxed, 0, 163.0)]
    [InlineData(8, SumPolicy.Relaxed, 0.01, 180.7)]
    [InlineData(8, SumPolicy.Relaxed, 0.05, 187.8)]
    [InlineData(8, SumPolicy.Relaxed, 0.10, 188.2)]

    // docs/lab.md, the same networks; the cell of 8 boards without loss and a low timer was disturbed (251 ms where default TCP took 172) and is left out.
    [InlineData(4, SumPolicy.Tcp, 0, 133)]
    [InlineData(4, SumPolicy.Tcp, 0.01, 207)]
    [InlineData(4, SumPolicy.Tcp, 0.05, 790)]
    [InlineData(8, SumPolicy.Tcp, 0, 172)]
    [InlineData(8, SumPolicy.Tcp, 0.01, 479)]
    [InlineData(8, SumPolicy.Tcp, 0.05, 2848)]
    [InlineData(8, SumPolicy.TcpLowRto, 0.01, 383)]
    [InlineData(8, SumPolicy.TcpLowRto, 0.05, 874)]
    public void Predict_OfTheMeasuredNetworks_IsWithin15Percent(int boards, SumPolicy policy, double loss, double measuredMs) =>
        AssertNear(measuredMs, Predict(boards, policy, loss).Seconds * 1e3);

    // docs/lab.md: what a star adds over TCP, its own T0 being what a loaded machine made of it.
    [Theory]
    [InlineData(SumPolicy.Tcp, 3357 - 349)]
    [InlineData(SumPolicy.TcpLowRto, 592 - 306)]
    public void Predict_OfAStarOverTcp_WaitsAsMeasured(SumPolicy policy, double measuredMs) =>
        AssertNear(measuredMs, Predict(4, policy, 0.05, new StepTimeOptions { Topology = SumTopology.Star }).WaitSeconds * 1e3);

    [Fact]
    public void Predict_AnyPolicy_IsTheSumOfItsPartsAndT0WithoutWaits()
    {
        foreach (SumPolicy policy in Enum.GetValues<SumPolicy>())
        {
            StepTime time = Predict(4, policy, 0.05);
            StepTime calm = Predict(4, policy, 0);
            Assert.Equal(calm.Seconds, time.ZeroLossSeconds, 1e-12);
            Assert.Equal((0, 1), (calm.WaitSeconds, calm.Copies));
            Assert.Equal(46 * 2.5e-3, time.DelaySeconds, 1e-12);
            Assert.True(time.Seconds > time.ZeroLossSeconds);
            Assert.True(time.Seconds >= time.ProcessorSeconds / 2, "Two cores cannot do more.");
        }
    }

    [Fact]
    public void Predict_MoreLoss_TakesNoLessTime()
    {
        foreach (SumPolicy policy in Enum.GetValues<SumPolicy>())
        {
            double[] times = [.. Enumerable.Range(0, 21).Select(percent => Predict(8, policy, percent / 100.0).Seconds)];
            Assert.Equal(times.Order(), times);
        }
    }

    [Fact]
    public void Predict_MoreLoss_SendsMoreCopies() =>
        Assert.Equal([1, 2, 3, 3], new[] { 0, 0.01, 0.05, 0.10 }.Select(loss => Predict(4, SumPolicy.Protected, loss).Copies));

    [Fact]
    public void Predict_BoardsOfTheirOwnMachines_WaitForTheSlowestOnly()
    {
        BoardProfile[] shared = Boards(8);
        BoardProfile[] own = [.. shared.Select(board => board with { Host = null })];
        Assert.True(Predict(own).ComputeSeconds < Predict(shared).ComputeSeconds);
        BoardProfile[] slow = [.. own[..7], own[7] with { BytesPerSecond = own[7].BytesPerSecond / 10 }];
        Plan plan = Planner.Create(s_model, own, new PlanRequest { KvPositions = 512 });
        double ratio = (StepTime.Predict(s_model, slow, plan, SumPolicy.Strict).ComputeSeconds - 46 * 0.02e-3)
            / (StepTime.Predict(s_model, own, plan, SumPolicy.Strict).ComputeSeconds - 46 * 0.02e-3);
        Assert.Equal(10, ratio, 0.01);

        static StepTime Predict(BoardProfile[] boards) =>
            StepTime.Predict(s_model, boards, Planner.Create(s_model, boards, new PlanRequest { KvPositions = 512 }), SumPolicy.Strict);
    }

    [Fact]
    public void Predict_OneBoard_SendsAndWaitsForNothing()
    {
        StepTime time = Predict(1, SumPolicy.Tcp, 0.5);
        Assert.Equal((0, 0, 0), (time.DatagramSeconds, time.WaitSeconds, time.DelaySeconds));
        Assert.Equal(time.ZeroLossSeconds, time.Seconds);
    }

    [Fact]
    public void Predict_BadArguments_AreNamed()
    {
        Plan plan = Planner.Create(s_model, Boards(2), new PlanRequest { KvPositions = 512 });
        Assert.Contains("'b2'", Assert.Throws<ArgumentException>(() => StepTime.Predict(s_model, Boards(1), plan, SumPolicy.Tcp)).Message, StringComparison.Ordinal);
        Assert.Contains("1.5", Assert.Throws<ArgumentException>(() => StepTime.Predict(s_model, Boards(2), plan, SumPolicy.Tcp, 1.5)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Quality_OfRelaxed_LosesTheTailsImportanceAndOthersNothing()
    {
        BoardProfile[] boards = [.. Boards(4).Select(board => board with { Loss = 0.1 })];
        ModelImportance flat = new()
        {
            ModelHash = "",
            HiddenSize = 512,
            Stages = [.. Enumerable.Range(0, 44).Select(stage => new StageImportance { Mean = [.. Enumerable.Repeat(1f, stage % 2 == 0 ? 8 : 24)] })],
        };
        Plan plan = Planner.Create(s_model, boards, new PlanRequest { KvPositions = 512 });
        Assert.Equal(new QualityCost(0, null), QualityCost.Predict(s_model, boards, plan, flat, SumPolicy.Protected));
        QualityCost cost = QualityCost.Predict(s_model, boards, plan, flat, SumPolicy.Relaxed, sensitivity: [.. Enumerable.Repeat(0.5, 44)]);
        Assert.Equal(0.075, cost.LostShare, 1e-9); // a tenth of three quarters
        Assert.Equal(44 * 0.5 * 0.075, cost.PerplexityRise!.Value, 1e-9);
        Assert.Equal(0.0075, QualityCost.Predict(s_model, boards, plan, flat, SumPolicy.Relaxed, copies: 2).LostShare, 1e-9);
        Assert.Equal(0.05, QualityCost.Predict(s_model, boards, plan, flat, SumPolicy.Relaxed, criticalBoards: 2).LostShare, 1e-9);
        Assert.Throws<ArgumentException>(() => QualityCost.Predict(s_model, boards, plan, flat, SumPolicy.Relaxed, sensitivity: [1]));
    }

    private static void AssertNear(double measured, double predicted) => Assert.True(
        Math.Abs(predicted / measured - 1) <= Tolerance, $"Predicted {predicted:0.0} ms, measured {measured:0.0} ms: {predicted / measured - 1:P1}.");

    private static StepTime Predict(int count, SumPolicy policy, double loss, StepTimeOptions? options = null)
    {
        BoardProfile[] boards = Boards(count);
        return StepTime.Predict(s_model, boards, Planner.Create(s_model, boards, new PlanRequest { KvPositions = 512 }), policy, loss, options);
    }

    private static BoardProfile[] Boards(int count) => [.. Enumerable.Range(1, count).Select(number => new BoardProfile($"b{number}", 6.5e9, 1L << 30)
    {
        DelaySeconds = 2.5e-3,
        Host = "laboratory",
        Cores = 2,
    })];
}
