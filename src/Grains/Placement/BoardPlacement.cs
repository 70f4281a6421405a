using Orleans.Placement;
using Orleans.Runtime.Placement;

namespace Halo.Grains.Placement;

/// <summary>Places a grain on the board that its key names.</summary>
[GenerateSerializer, Orleans.Immutable, Alias("halo.board-placement")]
public sealed class BoardPlacement : PlacementStrategy
{
    internal static readonly BoardPlacement Instance = new();
}

/// <summary>Places a grain on the board that its key names.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class BoardPlacementAttribute() : PlacementAttribute(BoardPlacement.Instance);

/// <summary>Looks up the silo of the board that the key names.</summary>
/// <param name="boards">Boards and their silos.</param>
public sealed class BoardPlacementDirector(BoardMap boards) : IPlacementDirector
{
    /// <inheritdoc/>
    public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        string board = target.GrainIdentity.Key.ToString()!;
        return Task.FromResult(
            boards.Find(board, context.GetCompatibleSilos(target))
            ?? throw new OrleansException($"Board '{board}' has no active silo; active are {string.Join(", ", boards.ActiveBoards)}."));
    }
}
