namespace Halo.Fabric.Streams;

/// <summary>Who sends partial sums to whom.</summary>
public enum Topology
{
    /// <summary>Every board to every other, and each adds for itself: one one-way delay a stage, n(n - 1) messages.</summary>
    Mesh,

    /// <summary>All to the head board, which adds and sends the total back: two one-way delays a stage, 2(n - 1) messages.</summary>
    Star,

    /// <summary>Over datagrams mesh or star, step by step, whichever takes less time as measured; over streams a mesh.</summary>
    Auto,
}
