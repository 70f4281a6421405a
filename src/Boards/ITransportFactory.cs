using Halo.Fabric.Transport;
using Halo.Planning.Assignment;

namespace Halo.Boards;

/// <summary>Connects the boards of a plan.</summary>
public interface ITransportFactory
{
    /// <summary>Makes each board's end of the fabric, in the plan's order of boards.</summary>
    IReadOnlyList<ITransport> Connect(Plan plan, FabricSize size);
}
