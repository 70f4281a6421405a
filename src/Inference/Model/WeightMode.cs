namespace Halo.Inference.Model;

/// <summary>Where a board that has the model file computes from.</summary>
public enum WeightMode
{
    /// <summary>From panels where memory has room for them, else from the mapped file.</summary>
    Auto,

    /// <summary>
    /// From the mapped file, in its own order: nothing is copied but matrices that are cut by columns, and pages that are not used need no
    /// memory. Slower, most of all for types of 4 to 6 bits.
    /// </summary>
    Mapped,

    /// <summary>From panels of 16 rows, made when shards are loaded: one pass over the weights, and a copy of them in memory.</summary>
    Repacked,
}
