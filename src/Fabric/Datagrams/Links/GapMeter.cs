namespace Halo.Fabric.Datagrams.Links;

/// <summary>
/// A first guess at the loss, from gaps in the packet numbers as they open: blocks are judged a hundred datagrams later, and until then a link that has
/// begun to lose would be sent single copies. One missing datagram counts for a 64th, and is forgotten over the next 64.
/// </summary>
internal struct GapMeter
{
    private const double Weight = 1.0 / 64;

    private ulong _highest;

    /// <summary>The guess, 0 to 1.</summary>
    internal double Loss { get; private set; }

    /// <summary>Takes a number that came, each once.</summary>
    internal void Add(ulong number)
    {
        if (number <= _highest)
        {
            Loss = Math.Max(0, Loss - Weight); // it was late
            return;
        }

        double missing = number - _highest - 1;
        Loss = Math.Min(1, (Loss + missing * Weight) * (1 - Weight));
        _highest = number;
    }
}
