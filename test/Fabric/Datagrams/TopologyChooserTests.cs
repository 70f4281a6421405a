using Halo.Fabric.Datagrams;
using Halo.Fabric.Streams;

namespace Halo.Fabric.Tests.Datagrams;

public sealed class TopologyChooserTests
{
    [Theory]
    [InlineData(130, 245, Topology.Mesh)]   // delay rules
    [InlineData(2100, 530, Topology.Star)]  // air time rules
    [InlineData(100, 98, Topology.Mesh)]    // hardly a difference: it stays
    public void Next_SteadyTimes_IsTheFasterAndCostsLittle(double mesh, double star, Topology faster)
    {
        TopologyChooser chooser = new();
        Assert.Equal(4, Run(chooser, 4, mesh, star).Steps); // two of each
        (int steps, int ofTheFaster, double time) = Run(chooser, 2_000, mesh, star, faster);
        Assert.True(ofTheFaster >= steps * 0.98, $"{ofTheFaster} of {steps}.");
        Assert.InRange(time, 0, steps * (faster == Topology.Mesh ? mesh : star) * 1.1);
    }

    [Fact]
    public void Next_NoisyTimes_StaysWithTheFaster()
    {
        Random random = new(11);
        TopologyChooser chooser = new();
        int mesh = 0;
        for (int step = 0; step < 4_000; step++)
        {
            Topology used = chooser.Next;
            mesh += used == Topology.Mesh ? 1 : 0;
            chooser.Took((used == Topology.Mesh ? 130 : 180) * (1 + 0.2 * random.NextDouble()));
        }

        Assert.True(mesh >= 3_700, $"{mesh} of 4000.");
    }

    [Fact]
    public void Next_TimesChangeSides_FollowsWithinFourSteps()
    {
        TopologyChooser chooser = new();
        Run(chooser, 500, 130, 245);
        Assert.Equal(Topology.Mesh, chooser.Next);
        Run(chooser, 4, 2100, 530);
        Assert.Equal(Topology.Star, chooser.Next);
        Run(chooser, 500, 2100, 530);
        Run(chooser, 9, 60, 245);
        Assert.Equal(Topology.Mesh, chooser.Next);
    }

    private static (int Steps, int OfTheFaster, double Time) Run(TopologyChooser chooser, int steps, double mesh, double star, Topology faster = Topology.Mesh)
    {
        (int ofTheFaster, double time) = (0, 0);
        for (int step = 0; step < steps; step++)
        {
            Topology used = chooser.Next;
            ofTheFaster += used == faster ? 1 : 0;
            double took = used == Topology.Mesh ? mesh : star;
            time += took;
            chooser.Took(took);
        }

        return (steps, ofTheFaster, time);
    }
}
