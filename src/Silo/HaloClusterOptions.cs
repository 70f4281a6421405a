using Halo.Fabric.Streams;
using Halo.Fabric.Wire;
using Halo.Inference.Model;

namespace Halo.Silo;

/// <summary>How boards exchange partial sums.</summary>
public enum TransportKind
{
    /// <summary>Through memory that they share: the boards of one process.</summary>
    InProcess,

    /// <summary>Through layer grains, which add them up.</summary>
    GrainCall,

    /// <summary>Through TCP on the loopback, as boards on a network do.</summary>
    Stream,
}

/// <summary>A cluster of boards in this process: configuration section <c>Halo</c>.</summary>
public sealed class HaloClusterOptions
{
    /// <summary>Where these options are in the configuration.</summary>
    public const string SectionName = "Halo";

    /// <summary>Model files by the name they are served under; empty serves the bundled model as <c>halo-tales</c>.</summary>
    public Dictionary<string, string> Models { get; set; } = [];

    /// <summary>Boards, from 1 to 64; default 4. More than the model has groups leaves some without work.</summary>
    public int Boards { get; set; } = 4;

    /// <summary>Compute threads of all boards together; default and most: the cores this process may use.</summary>
    public int? Threads { get; set; }

    /// <summary>How boards exchange partial sums.</summary>
    public TransportKind Transport { get; set; } = TransportKind.InProcess;

    /// <summary>Who sends partial sums to whom, where the transport is <see cref="TransportKind.Stream"/>.</summary>
    public Topology Topology { get; set; } = Topology.Mesh;

    /// <summary>How partial sums travel, where the transport is <see cref="TransportKind.Stream"/>.</summary>
    public WireType WireType { get; set; } = WireType.F32;

    /// <summary>Memory of each board in bytes; default: an equal share of what the machine allows.</summary>
    public long? BoardMemoryBytes { get; set; }

    /// <summary>
    /// Relative speeds of the boards, one each, above 0: a board of speed 2 gets twice the groups of one of speed 1. Default: all alike, as they
    /// share this machine.
    /// </summary>
    public List<double> Speeds { get; set; } = [];

    /// <summary>Positions of KV for all sequences together; default: room for 16 full contexts, less where memory is short.</summary>
    public int? KvPositions { get; set; }

    /// <summary>Sizes of a step.</summary>
    public StepLimits Limits { get; set; } = new();

    /// <summary>All faults, each with the value found and what is needed; empty when there are none.</summary>
    public IReadOnlyList<string> Validate()
    {
        List<string> faults = [];
        if (Boards is < 1 or > 64)
        {
            faults.Add($"Boards is {Boards}; it must be 1 to 64.");
        }

        if (Threads is { } threads && (threads < 1 || threads > Environment.ProcessorCount))
        {
            faults.Add($"Threads is {threads}; it must be 1 to {Environment.ProcessorCount}, the cores this process may use.");
        }

        if (BoardMemoryBytes is <= 0)
        {
            faults.Add($"BoardMemoryBytes is {BoardMemoryBytes}; it must be above 0.");
        }

        if (Speeds.Count > 0 && (Speeds.Count != Boards || Speeds.Exists(speed => !double.IsFinite(speed) || speed <= 0)))
        {
            faults.Add($"Speeds is {string.Join(",", Speeds)}; it must be {Boards} numbers above 0, one for each board.");
        }

        if (KvPositions is < 1)
        {
            faults.Add($"KvPositions is {KvPositions}; it must be at least 1.");
        }

        if (Limits is { MaxRows: < 1 or > 4096 } or { MaxLogitRows: < 1 or > 4096 } or { MaxSequences: < 1 or > 4096 })
        {
            faults.Add($"Limits are {Limits.MaxRows} rows, {Limits.MaxLogitRows} logit rows, {Limits.MaxSequences} sequences; each must be 1 to 4096.");
        }

        foreach ((string name, string path) in Models)
        {
            if (!File.Exists(path))
            {
                faults.Add($"Model {name} is to be read from '{path}'; there is no such file.");
            }
        }

        return faults;
    }
}
