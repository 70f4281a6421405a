namespace Orleans.Runtime;

/// <summary>Names one life of a silo. Upstream's has an endpoint too; nothing listens here, so there is one object per life.</summary>
#pragma warning disable CA1036 // Upstream's shape: ordered without comparison operators.
public sealed class SiloAddress : IComparable<SiloAddress>
#pragma warning restore CA1036
{
    private static int s_lastGeneration;

    internal SiloAddress() => Generation = Interlocked.Increment(ref s_lastGeneration);

    /// <summary>Grows with each start of a silo.</summary>
    public int Generation { get; }

    /// <summary>The order of starting.</summary>
    public int CompareTo(SiloAddress? other) => Generation.CompareTo(other?.Generation ?? 0);

    /// <inheritdoc/>
    public override string ToString() => $"S{Generation}";
}
