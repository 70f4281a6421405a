namespace Halo.Fabric.Datagrams.Links;

/// <summary>What a receiver says of a chunk that came.</summary>
internal enum ChunkVerdict
{
    /// <summary>Its bytes are in place.</summary>
    Taken,

    /// <summary>Nobody needs it any more.</summary>
    Late,

    /// <summary>There is no place for it yet: it counts as not come.</summary>
    TooEarly,

    /// <summary>It does not fit the step.</summary>
    Nonsense,
}
