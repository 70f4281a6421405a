namespace Halo.Lab.Model;

/// <summary>What a directed link has carried. Counted by the router alone; others may read at any time.</summary>
public sealed class LinkCounters
{
    /// <summary>Packets given to the link.</summary>
    public long Packets { get; internal set; }

    /// <summary>Their bytes, IP headers included.</summary>
    public long Bytes { get; internal set; }

    /// <summary>Packets lost at random or in a bad period.</summary>
    public long Lost { get; internal set; }

    /// <summary>Packets that found no room in the queue.</summary>
    public long Dropped { get; internal set; }

    /// <summary>Packets that a partition cut off.</summary>
    public long Cut { get; internal set; }

    /// <summary>Packets that arrive twice.</summary>
    public long Duplicated { get; internal set; }
}
