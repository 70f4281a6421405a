using Halo.Cli.Lab.Loss;
using Halo.Fabric.Wire;
using Halo.Lab.Model;

namespace Halo.Cli.Lab.Schemes;

/// <summary>A way to hold out against loss, as an experiment compares it with others.</summary>
/// <param name="Name">Its name in tables.</param>
/// <param name="Policy">How boards exchange sums.</param>
/// <param name="HeadArguments">What is asked of the head process beyond that.</param>
internal sealed record Scheme(string Name, LossPolicy Policy, IReadOnlyList<string> HeadArguments);

/// <summary>What <c>halo lab halo</c> measures with one number of boards.</summary>
/// <param name="Network">Boards, seed and what links do but for loss; its bursts are a cell of their own.</param>
/// <param name="LossPercents">Independent loss of the cells, in percent; 0 is the first.</param>
/// <param name="Schemes">What is compared.</param>
/// <param name="Wire">How sums travel.</param>
/// <param name="Text">Stories, of which every cell scores the same first tokens, one a step: speed and quality come from the same steps.</param>
/// <param name="Importance">What calibration found of the model; null where what lies beside it counts.</param>
/// <param name="Tokens">Tokens of a cell.</param>
/// <param name="CellLimit">The longest that a cell may take; one that is slower is measured on fewer tokens.</param>
internal sealed record SchemesSetting(
    LinkSetting Network,
    double[] LossPercents,
    IReadOnlyList<Scheme> Schemes,
    WireType Wire,
    string Text,
    string? Importance,
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
