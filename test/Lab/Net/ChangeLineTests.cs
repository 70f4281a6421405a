using Halo.Lab.Model;
using Halo.Lab.Net;

namespace Halo.Lab.Tests.Net;

public sealed class ChangeLineTests
{
    private readonly NetworkModel _model = new(3, 1);
    private readonly Delivery[] _deliveries = new Delivery[6];

    [Fact]
    public void Apply_Settings_AddUp()
    {
        foreach (string line in new[] { "loss 10", " delay  2.5 ", "jitter 1", "rate 100", "burst 10 5", "reorder 3", "duplicate 4" })
        {
            ChangeLine.Apply(line, _model, 0);
        }

        LinkSettings expected = new()
        {
            Loss = 0.1,
            Delay = TimeSpan.FromMilliseconds(2.5),
            Jitter = TimeSpan.FromMilliseconds(1),
            BitsPerSecond = 100e6,
            Bursts = new BurstSettings(TimeSpan.FromMilliseconds(10), 0.05),
            Reorder = 0.03,
            Duplicate = 0.04,
        };
        Assert.Equal(expected, _model.SettingsOf(0, 1));
        Assert.Equal(expected, _model.SettingsOf(2, 0));
        ChangeLine.Apply("burst 0 0", _model, 0);
        Assert.Equal(expected with { Bursts = null }, _model.SettingsOf(0, 1));
        ChangeLine.Apply("clear", _model, 0);
        Assert.Equal(new LinkSettings(), _model.SettingsOf(0, 1));
    }

    [Fact]
    public void Apply_PartitionThenHeal_CutsTheBoardOff()
    {
        ChangeLine.Apply("partition 2", _model, 0);
        Assert.Equal(0, _model.Route(0, 0, 1, 100, _deliveries));
        Assert.Equal(1, _model.Route(0, 0, 2, 100, _deliveries));
        ChangeLine.Apply("heal", _model, 0);
        Assert.Equal(1, _model.Route(0, 0, 1, 100, _deliveries));
    }

    [Theory]
    [InlineData("", "is no change")]
    [InlineData("loss", "is no change")]
    [InlineData("loss 1 2", "is no change")]
    [InlineData("loss ten", "'ten'")]
    [InlineData("loss NaN", "'NaN'")]
    [InlineData("loss 200", "Loss is 2")]
    [InlineData("delay 1e300", "1E+300")]
    [InlineData("partition 4", "no board 4")]
    [InlineData("partition 1.5", "no board 1.5")]
    [InlineData("burst 10 100", "BadShare is 1")]
    public void Apply_WrongLine_SaysWhatIsWrongAndChangesNothing(string line, string found)
    {
        Assert.Contains(found, Assert.Throws<ArgumentException>(() => ChangeLine.Apply(line, _model, 0)).Message, StringComparison.Ordinal);
        Assert.Equal(new LinkSettings(), _model.SettingsOf(0, 1));
    }
}
