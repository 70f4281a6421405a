namespace Halo.Planning.Assignment;

/// <summary>By what groups are given to boards.</summary>
public enum PlacementKind
{
    /// <summary>By importance where it is known: what matters most to the boards that lose least. Without importance as <see cref="Even"/>.</summary>
    Importance,

    /// <summary>By number alone: the first groups to the first board, as many as its speed asks for.</summary>
    Even,

    /// <summary>As many as with <see cref="Even"/>, drawn at random: the yardstick for importance.</summary>
    Random,
}

/// <summary>How groups are placed.</summary>
/// <param name="Kind">By what.</param>
/// <param name="Seed">Of <see cref="PlacementKind.Random"/>: the same seed gives the same plan.</param>
public readonly record struct Placement(PlacementKind Kind, int Seed = 0);
