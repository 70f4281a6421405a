using Halo.Boards;
using Orleans.Runtime.MembershipService.SiloMetadata;

namespace Halo.Grains.Placement;

/// <summary>Which silo a board's name stands for. A silo says so in its metadata.</summary>
/// <param name="statuses">The silos that are alive.</param>
/// <param name="metadata">What they say of themselves.</param>
/// <param name="boards">Boards that are known to be lost although their silo is alive.</param>
public sealed class BoardMap(ISiloStatusOracle statuses, ISiloMetadataCache metadata, BoardDirectory boards)
{
    /// <summary>The metadata key under which a silo names its board.</summary>
    public const string BoardKey = "halo.board";

    /// <summary>The boards whose silos are active and that are not lost, sorted by name.</summary>
    public IReadOnlyList<string> ActiveBoards =>
        [.. statuses.GetApproximateSiloStatuses(onlyActive: true).Keys
            .Select(NameOf).OfType<string>().Where(name => !boards.IsLost(name)).Order(BoardNameComparer.Instance)];

    /// <summary>The active silo of a board, or null; another one when the board comes anew.</summary>
    public SiloAddress? SiloOf(string board) => Among(statuses.GetApproximateSiloStatuses(onlyActive: true).Keys, board);

    /// <summary>
    /// The silo of a board among those offered, or null. A silo that started just now may be active and not offered yet, for want of the list of
    /// its grains: it is taken all the same, since all silos have the same grains.
    /// </summary>
    public SiloAddress? Find(string board, IEnumerable<SiloAddress> silos) => Among(silos, board) ?? SiloOf(board);

    private SiloAddress? Among(IEnumerable<SiloAddress> silos, string board) => silos.FirstOrDefault(silo => NameOf(silo) == board);

    private string? NameOf(SiloAddress silo) => metadata.GetSiloMetadata(silo).Metadata.GetValueOrDefault(BoardKey);
}

/// <summary>Orders names so that b2 comes before b10: shorter first, then by characters.</summary>
internal sealed class BoardNameComparer : IComparer<string>
{
    internal static readonly BoardNameComparer Instance = new();

    public int Compare(string? x, string? y) =>
        (x?.Length ?? 0) != (y?.Length ?? 0) ? (x?.Length ?? 0).CompareTo(y?.Length ?? 0) : string.CompareOrdinal(x, y);
}
