using Halo.Grains.Models;

namespace Halo.Grains.Tests.Models;

public sealed class LinkLossesTests
{
    [Fact]
    public void Of_WhatReceiversTell_IsTheMeanOfEachSenderLessWhatQueuesLost()
    {
        BoardLinks[] told =
        [
            new("b1", "datagram", "mesh", "protected", null, [Link("b2", 0.2), Link("b3", 0.01)]),
            new("b2", "datagram", "mesh", "protected", null, [Link("b1", 0), Link("b3", 0.05, incast: 0.04)]),
            new("b3", "datagram", "mesh", "protected", null, [Link("b2", 0.1)]),
            new("b4", null, null, null, null, []),
        ];
        Dictionary<string, double> losses = LinkLosses.Of(told);
        Assert.Equal(["b1", "b2", "b3"], losses.Keys.Order());
        Assert.Equal(0, losses["b1"]);
        Assert.Equal(0.15, losses["b2"], 1e-9);
        Assert.Equal(0.01, losses["b3"], 1e-9);
    }

    private static LinkReport Link(string from, double loss, double incast = 0) => new() { Board = from, IncomingLoss = loss, IncomingIncastLoss = incast };
}
