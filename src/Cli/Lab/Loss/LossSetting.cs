using Halo.Fabric.Streams;
using Halo.Fabric.Wire;
using Halo.Inference.Padding;
using Halo.Lab.Model;

namespace Halo.Cli.Lab.Loss;

/// <summary>How boards exchange partial sums in a cell.</summary>
internal enum LossPolicy
{
    /// <summary>TCP as the kernel comes.</summary>
    Tcp,

    /// <summary>TCP with a lowered minimum of the retransmission timer.</summary>
    TcpLowRto,

    /// <summary>Datagrams that are sent again when they are lost.</summary>
    Strict,

    /// <summary>Datagrams with copies by the loss measured, and resends.</summary>
    Protected,

    /// <summary>Datagrams, with deadlines for the sums of all boards but the head's: the text may differ.</summary>
    Relaxed,
}

/// <summary>What <c>halo lab loss</c> measures.</summary>
/// <param name="Network">Boards, seed and what links do but for loss; its bursts are a cell of their own.</param>
/// <param name="LossPercents">Independent loss of the cells, in percent; 0 is the first.</param>
/// <param name="Policies">Policies.</param>
/// <param name="Topologies">Topologies.</param>
/// <param name="Wire">How partial sums travel.</param>
/// <param name="Shape">The shape that the model is padded to.</param>
/// <param name="Tokens">Tokens of a cell.</param>
/// <param name="CellLimit">The longest that a cell may take.</param>
internal sealed record LossSetting(
    LinkSetting Network,
    double[] LossPercents,
    LossPolicy[] Policies,
    Topology[] Topologies,
    WireType Wire,
    ModelShape Shape,
    int Tokens,
    TimeSpan CellLimit)
{
    /// <summary>What links do in each cell: independent loss first, without bad periods; then bad periods alone.</summary>
    internal IEnumerable<LinkSettings> Cells =>
    [
        .. LossPercents.Select(percent => Network.Link with { Loss = percent / 100, Bursts = null }),
        .. Network.Link.Bursts is null ? (LinkSettings[])[] : [Network.Link with { Loss = 0 }],
    ];
}
