using Halo.Fabric.Wire;

namespace Halo.Fabric.Streams;

/// <summary>How boards use their streams; the same on all of them.</summary>
/// <param name="Topology">Who sends partial sums to whom.</param>
/// <param name="WireType">How elements travel.</param>
public sealed record StreamOptions(Topology Topology = Topology.Mesh, WireType WireType = WireType.F32);
