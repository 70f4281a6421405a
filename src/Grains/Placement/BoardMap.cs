using Halo.Boards;
using Orleans.Runtime.MembershipService.SiloMetadata;

namespace Halo.Grains.Placement;

/// <summary>Which silo a board's name stands for, and what the board is. A silo says so in its metadata.</summary>
/// <param name="statuses">The silos that are alive.</param>
/// <param name="metadata">What they say of themselves.</param>
/// <param name="boards">Boards that are known to be lost although their silo is alive.</param>
public sealed class BoardMap(ISiloStatusOracle statuses, ISiloMetadataCache metadata, BoardDirectory boards)
{
    /// <summary>The boards whose silos are active and that are not lost, sorted by name.</summary>
    public IReadOnlyList<string> ActiveBoards =>
        [.. ActiveSilos.Select(NameOf).OfType<string>().Distinct().Where(name => !boards.IsLost(name)).Order(BoardNameComparer.Instance)];

    /// <summary>Whether every active silo has said which board it carries: what it says comes a moment after it does.</summary>
    public bool KnowsAll => ActiveSilos.All(silo => NameOf(silo) is not null);

    /// <summary>
    /// What all silos that are not dead say of their boards, with whether the silo is active, sorted by name. Of two silos of one board it is the one
    /// that is active, and of two active ones the first: see <see cref="SiloOf"/>.
    /// </summary>
    public IReadOnlyList<(BoardFacts Facts, bool IsActive)> All =>
    [
        .. from entry in statuses.GetApproximateSiloStatuses()
           where entry.Value != SiloStatus.Dead
           let facts = FactsOf(entry.Key)
           where facts is not null
           orderby entry.Value == SiloStatus.Active descending, entry.Key.Generation
           group (Facts: facts, IsActive: entry.Value == SiloStatus.Active) by facts.Name into silos
           orderby silos.Key.Length, silos.Key
           select silos.First(),
    ];

    private Dictionary<SiloAddress, SiloStatus>.KeyCollection ActiveSilos => statuses.GetApproximateSiloStatuses(onlyActive: true).Keys;

    /// <summary>The active silo of a board, or null; another one when the board comes anew. Of two with one name the first.</summary>
    public SiloAddress? SiloOf(string board) => Among(ActiveSilos, board);

    /// <summary>All active silos of a board: two where one of them is dead and not known to be, or where two boards have one name.</summary>
    public IReadOnlyList<SiloAddress> SilosOf(string board) => [.. ActiveSilos.Where(silo => NameOf(silo) == board)];

    /// <summary>What a board's active silo says of it; null where it has none.</summary>
    public BoardFacts? FactsOf(string board) => SiloOf(board) is { } silo ? FactsOf(silo) : null;

    /// <summary>
    /// The silo of a board among those offered, or null. A silo that started just now may be active and not offered yet, for want of the list of
    /// its grains: it is taken all the same, since all silos have the same grains.
    /// </summary>
    public SiloAddress? Find(string board, IEnumerable<SiloAddress> silos) => Among(silos, board) ?? SiloOf(board);

    /// <summary>The silo among those offered that has a model's file, the first by its board's name; null where none has.</summary>
    public SiloAddress? FindHolder(string model, IEnumerable<SiloAddress> silos) => silos
        .Where(silo => FactsOf(silo)?.Models.Contains(model) ?? false)
        .OrderBy(NameOf, BoardNameComparer.Instance)
        .ThenBy(silo => silo.Generation)
        .FirstOrDefault();

    /// <summary>The name of a silo's board; null where it has not told.</summary>
    public string? NameOf(SiloAddress silo) => FactsOf(silo)?.Name;

    // Of two it is the one that was first: the other has to wait until that one is dead, and ends where it is not.
    private SiloAddress? Among(IEnumerable<SiloAddress> silos, string board) => silos.Where(silo => NameOf(silo) == board).MinBy(silo => silo.Generation);

    private BoardFacts? FactsOf(SiloAddress silo) => BoardFacts.Of(metadata.GetSiloMetadata(silo).Metadata);
}

/// <summary>Orders names so that b2 comes before b10: shorter first, then by characters.</summary>
internal sealed class BoardNameComparer : IComparer<string?>
{
    internal static readonly BoardNameComparer Instance = new();

    public int Compare(string? x, string? y) =>
        (x?.Length ?? 0) != (y?.Length ?? 0) ? (x?.Length ?? 0).CompareTo(y?.Length ?? 0) : string.CompareOrdinal(x, y);
}
