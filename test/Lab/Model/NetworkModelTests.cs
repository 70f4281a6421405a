using Halo.Lab.Model;

namespace Halo.Lab.Tests.Model;

public sealed class NetworkModelTests
{
    private readonly Delivery[] _deliveries = new Delivery[16];

    [Fact]
    public void Route_Everyone_ReachesAllOthersByTheirOwnLinks()
    {
        NetworkModel network = Traffic.Network(new(), boards: 4);
        network.Set(1, 3, new LinkSettings { Delay = TimeSpan.FromMilliseconds(2) }, 0);
        int count = network.Route(5, 1, NetworkModel.Everyone, 100, _deliveries);
        Assert.Equal([new(0, 5), new(2, 5), new(3, 5 + (2 * Traffic.Millisecond))], _deliveries.Take(count));
    }

    [Fact]
    public void Isolate_ThenHeal_CutsBothWaysAndEnds()
    {
        NetworkModel network = Traffic.Network(new(), boards: 3);
        network.Isolate(1);
        Assert.Equal(0, network.Route(0, 0, 1, 100, _deliveries));
        Assert.Equal(0, network.Route(0, 1, 2, 100, _deliveries));
        Assert.Equal(1, network.Route(0, 0, 2, 100, _deliveries));
        network.Heal();
        Assert.Equal(1, network.Route(0, 0, 1, 100, _deliveries));
        Assert.Equal(1, network.CountersOf(0, 1).Cut);
    }

    [Fact]
    public void SetAll_WhileRunning_HoldsFromThenOn()
    {
        NetworkModel network = Traffic.Network(new() { Loss = 1 });
        Assert.Equal(0, network.Route(0, 0, 1, 100, _deliveries));
        network.SetAll(new() { Delay = TimeSpan.FromMilliseconds(1) }, 1);
        Assert.Equal(1, network.Route(1, 0, 1, 100, _deliveries));
        Assert.Equal(1 + Traffic.Millisecond, _deliveries[0].Time);
    }

    [Fact]
    public void SetAllBut_OneBoard_ItsLinksAloneAreBad()
    {
        NetworkModel network = new(3, 1);
        network.SetAllBut(new(), 1, new() { Loss = 1 }, 0);
        Assert.Equal(0, network.Route(0, 0, 1, 100, _deliveries));
        Assert.Equal(0, network.Route(0, 1, 2, 100, _deliveries));
        Assert.Equal(1, network.Route(0, 0, 2, 100, _deliveries));
        Assert.Equal(1, network.Route(0, 2, 0, 100, _deliveries));
    }

    [Fact]
    public void Set_BadSettings_NamesAllFaults()
    {
        LinkSettings settings = new() { Loss = 2, Delay = TimeSpan.FromSeconds(-1), Bursts = new(TimeSpan.FromMilliseconds(1), 1) };
        string message = Assert.Throws<ArgumentException>(() => Traffic.Network(settings)).Message;
        Assert.Contains("Loss is 2", message, StringComparison.Ordinal);
        Assert.Contains("Delay is", message, StringComparison.Ordinal);
        Assert.Contains("BadShare is 1", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Constructor_TooFewOrMany_Throws()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new NetworkModel(1, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new NetworkModel(251, 0));
    }
}
