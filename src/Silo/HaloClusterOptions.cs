using Halo.Boards.Remote;
using Halo.Fabric.Datagrams;
using Halo.Fabric.Simulated;
using Halo.Fabric.Streams;
using Halo.Fabric.Wire;
using Halo.Grains;
using Halo.Inference.Model;
using Halo.Inference.Model.Streaming;
using Halo.Inference.Quantization;
using Halo.Planning.Assignment;
using Halo.Planning.Importance;

namespace Halo.Silo;

/// <summary>How boards exchange partial sums.</summary>
public enum TransportKind
{
    /// <summary>Through memory that they share: the boards of one process.</summary>
    InProcess,

    /// <summary>Through layer grains, which add them up.</summary>
    GrainCall,

    /// <summary>Through TCP: on the loopback in one process, and what boards on a network do unless they are told otherwise.</summary>
    Stream,

    /// <summary>Through UDP, with what is lost sent again at once: for boards on a network that loses packets.</summary>
    Datagram,
}

/// <summary>The boards that serve together, in this process and in others: configuration section <c>Halo</c>.</summary>
public sealed class HaloClusterOptions
{
    /// <summary>Where these options are in the configuration.</summary>
    public const string SectionName = "Halo";

    private const int DefaultBoards = 4;

    /// <summary>Model files by the name they are served under; empty serves the bundled model as <c>halo-tales</c>.</summary>
    public Dictionary<string, string> Models { get; set; } = [];

    /// <summary>
    /// Boards in this process, from 1 to 64; default 4, and 1 where boards of other processes take part. More than the model has groups leaves
    /// some without work.
    /// </summary>
    public int? Boards { get; set; }

    /// <summary>
    /// The file with the cluster's key, the same on all boards. With it boards of other processes take part: those of <see cref="BoardUrls"/>,
    /// and those that join.
    /// </summary>
    public string? KeyFile { get; set; }

    /// <summary>Control endpoints of boards in other processes, such as <c>http://10.0.0.12:5100</c>, or with https.</summary>
    public List<string> BoardUrls { get; set; } = [];

    /// <summary>
    /// PEM file with certificates to trust where a board's address begins with https: of an authority, or of boards themselves. Default: whom this
    /// machine trusts.
    /// </summary>
    public string? TlsTrustFile { get; set; }

    /// <summary>Whether the head board holds attention and feed-forward shards, where it is not alone.</summary>
    public bool HeadHoldsShards { get; set; } = true;

    /// <summary>What the groups of models add, by the models' names: who holds what then follows the loss of links. Default: none.</summary>
    public IReadOnlyDictionary<string, ModelImportance> Importance { get; set; } = new Dictionary<string, ModelImportance>();

    /// <summary>A board that is silent for so long is dead, 2 seconds to 1 hour; default 5 seconds. Its steps end and the plan is made without it.</summary>
    public TimeSpan DeadAfter { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Compute threads of all boards together; default and most: the cores this process may use.</summary>
    public int? Threads { get; set; }

    /// <summary>How boards exchange partial sums.</summary>
    public TransportKind Transport { get; set; } = TransportKind.InProcess;

    /// <summary>Who sends partial sums to whom, over streams and datagrams.</summary>
    public Topology Topology { get; set; } = Topology.Mesh;

    /// <summary>How partial sums travel, over streams and datagrams.</summary>
    public WireType WireType { get; set; } = WireType.F32;

    /// <summary>What is done against loss, over datagrams.</summary>
    public DeliveryPolicy Policy { get; set; } = DeliveryPolicy.Protected;

    /// <summary>Relaxed: boards whose sums are always waited for, counted from the head board on in the plan's order; at least 1.</summary>
    public int CriticalBoards { get; set; } = 1;

    /// <summary>See <see cref="DatagramOptions.CriticalStages"/>.</summary>
    public List<int>? CriticalStages { get; set; }

    /// <summary>Relaxed: the longest that a stage waits for the sums of the other boards.</summary>
    public TimeSpan DeadlineLimit { get; set; } = TimeSpan.FromMilliseconds(50);

    /// <summary>
    /// UDP port of this process's datagrams, where boards of other processes take part and a firewall must know it; default: any that is free. A second
    /// model takes the port after it, up to 8.
    /// </summary>
    public int? UdpPort { get; set; }

    /// <summary>
    /// Memory of each board in bytes; default: an equal share of what the machine allows. Where it is given, weights that do not fit are streamed from
    /// the cache folder.
    /// </summary>
    public long? BoardMemoryBytes { get; set; }

    /// <summary>
    /// Streaming: how long a feed-forward stage waits for its neuron groups; what is not loaded by then is missing from the sum. Default: for all.
    /// </summary>
    public TimeSpan? LoadDeadline { get; set; }

    /// <summary>Streaming: the share of a stage's streamed neuron groups that is loaded, above 0 and up to 1; default: all, and the results are exact.</summary>
    public double LoadShare { get; set; } = 1;

    /// <summary>
    /// Relative speeds of the boards, one each, above 0: a board of speed 2 gets twice the groups of one of speed 1. Those of this process come
    /// first, then those of <see cref="BoardUrls"/>. Default: what each measures; boards of one process share its machine and count alike.
    /// </summary>
    public List<double> Speeds { get; set; } = [];

    /// <summary>Losses between boards of this process, to measure what they cost; null where nothing gets lost. In effect with <see cref="TransportKind.InProcess"/>.</summary>
    public SimulatedLoss? Losses { get; set; }

    /// <summary>How groups are given to boards.</summary>
    public Placement Placement { get; set; }

    /// <summary>See <see cref="PlanRequest.LossWeight"/>.</summary>
    public double? LossWeight { get; set; }

    /// <summary>Packet loss rates of this process's boards, 0 to 1, as if they had been measured; empty for none.</summary>
    public IReadOnlyList<double> BoardLosses { get; set; } = [];

    /// <summary>Positions of KV for all sequences together; default: room for 16 full contexts, less where memory is short.</summary>
    public int? KvPositions { get; set; }

    /// <summary>How keys and values are kept, on all boards: F16, Q8_0 or F32.</summary>
    public KvType KvType { get; set; }

    /// <summary>Where this process's boards compute from.</summary>
    public WeightMode Weights { get; set; }

    /// <summary>Sizes of a step.</summary>
    public StepLimits Limits { get; set; } = new();

    /// <summary>
    /// Tokens that are guessed ahead where a request does not say, as in <see cref="Speculation"/>: -1, the default, for as many as pay, 0 for none, else
    /// so many. No text changes by it.
    /// </summary>
    public int Speculate { get; set; } = Speculation.Auto;

    /// <summary>
    /// The same, with none in place of as many as pay where a row's result depends on which others share its step: with simulated losses, and where
    /// streamed weights may be left out.
    /// </summary>
    internal int SpeculateInEffect =>
        Speculate == Speculation.Auto && (Losses is not null || LoadDeadline is not null || LoadShare < 1) ? Speculation.Off : Speculate;

    /// <summary>Whether boards may go on without each other's sums.</summary>
    internal bool MayMissSums => Losses is not null || (Transport == TransportKind.Datagram && Policy == DeliveryPolicy.Relaxed);

    /// <summary>Whether boards of other processes take part.</summary>
    public bool IsNetworked => KeyFile is not null;

    /// <summary>Boards in this process.</summary>
    public int LocalBoards => Boards ?? (IsNetworked ? 1 : DefaultBoards);

    /// <summary>How weights are streamed that do not fit a board's memory.</summary>
    internal StreamingOptions Streaming => new() { Deadline = LoadDeadline, Share = LoadShare };

    /// <summary>How sums travel between boards of several processes.</summary>
    internal SessionTransport SessionTransport => new(Topology, WireType, Transport == TransportKind.Datagram ? Policy : null)
    {
        CriticalBoards = CriticalBoards,
        CriticalStages = CriticalStages,
        DeadlineLimit = DeadlineLimit,
    };

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

        if (LoadDeadline <= TimeSpan.Zero)
        {
            faults.Add($"LoadDeadline is {LoadDeadline}; it must be above 0.");
        }

        if (LoadShare is not (> 0 and <= 1))
        {
            faults.Add($"LoadShare is {LoadShare}; it must be above 0 and at most 1.");
        }

        int named = LocalBoards + BoardUrls.Count;
        if (Speeds.Count > 0 && (Speeds.Count != named || Speeds.Exists(speed => !double.IsFinite(speed) || speed <= 0)))
        {
            faults.Add($"Speeds is {string.Join(",", Speeds)}; it must be {named} numbers above 0, one for each board.");
        }

        faults.AddRange(NetworkFaults());
        if (KvPositions is < 1)
        {
            faults.Add($"KvPositions is {KvPositions}; it must be at least 1.");
        }

        if (!Speculation.IsValid(Speculate))
        {
            faults.Add($"Speculate is {Speculate}; it must be -1 (as many as pay), 0 (none) or 1 to {Speculation.Most}.");
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

    private IEnumerable<string> NetworkFaults()
    {
        foreach (string url in BoardUrls.Where(url => !IsBoardUrl(url)))
        {
            yield return $"'{url}' is no address of a board; it must be like http://10.0.0.12:5100.";
        }

        if (BoardUrls.Distinct(StringComparer.OrdinalIgnoreCase).Count() < BoardUrls.Count)
        {
            yield return "BoardUrls has an address twice.";
        }

        if (BoardUrls.Count > 0 && !IsNetworked)
        {
            yield return "Boards of other processes need the cluster's key: set KeyFile (--key-file FILE; 'halo key FILE' makes one).";
        }

        if (IsNetworked && LocalBoards != 1)
        {
            yield return $"Boards is {Boards}; where boards of other processes take part, this process carries 1.";
        }

        if (IsNetworked && Transport == TransportKind.GrainCall)
        {
            yield return "Transport is GrainCall; boards of other processes exchange partial sums over streams or datagrams.";
        }

        if (UdpPort is < 0 or > ushort.MaxValue)
        {
            yield return $"UdpPort is {UdpPort}; it must be 0 to 65535, 0 for any that is free.";
        }

        if (DeadAfter < TimeSpan.FromSeconds(2) || DeadAfter > TimeSpan.FromHours(1))
        {
            yield return $"DeadAfter is {DeadAfter}; it must be 2 seconds to 1 hour.";
        }
    }

    private static bool IsBoardUrl(string url) =>
        Uri.TryCreate(url, UriKind.Absolute, out Uri? address) && address.Scheme is "http" or "https" && address.PathAndQuery == "/" && address.UserInfo.Length == 0;
}
