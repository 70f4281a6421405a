namespace Halo.Fabric.Datagrams;

/// <summary>Two boards reach each other over TCP, but not with datagrams; the message names both, the direction and what to do.</summary>
public sealed class DatagramsBlockedException : Exception
{
    internal DatagramsBlockedException(int place, bool involvesHead, string message)
        : base(message)
    {
        Place = place;
        InvolvesHead = involvesHead;
    }

    /// <summary>The place of the board that this one does not reach, or that does not reach this one.</summary>
    public int Place { get; }

    /// <summary>Whether one of the two is the head board: then a star does not help.</summary>
    public bool InvolvesHead { get; }
}
