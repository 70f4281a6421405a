using System.Globalization;

namespace Halo.Grains.Placement;

/// <summary>What a silo says of its board to the others at its start, as silo metadata: what does not change while it runs.</summary>
public sealed record BoardFacts
{
    private const string NameKey = "halo.board";
    private const string InstanceKey = "halo.instance";
    private const string ControlKey = "halo.control";
    private const string StreamPortKey = "halo.stream-port";
    private const string CoresKey = "halo.cores";
    private const string RateKey = "halo.bytes-per-second";
    private const string MemoryKey = "halo.memory-bytes";
    private const string ModelsKey = "halo.models";
    private const char Between = '\n';

    /// <summary>The board's name.</summary>
    public required string Name { get; init; }

    /// <summary>The process; empty where all silos are in one.</summary>
    public string Instance { get; init; } = "";

    /// <summary>The process's control endpoint; null where all silos are in one process.</summary>
    public Uri? Control { get; init; }

    /// <summary>TCP port for streams of other boards, on the control endpoint's host.</summary>
    public int StreamPort { get; init; }

    /// <summary>Compute threads.</summary>
    public int Cores { get; init; }

    /// <summary>Measured rate at which the board streams weights, in bytes per second.</summary>
    public double BytesPerSecond { get; init; }

    /// <summary>Memory for shards, KV and buffers, in bytes.</summary>
    public long MemoryBytes { get; init; }

    /// <summary>Names of the models whose files the process has: it can be their head board.</summary>
    public IReadOnlyList<string> Models { get; init; } = [];

    /// <summary>As silo metadata.</summary>
    public Dictionary<string, string> ToMetadata() => new()
    {
        [NameKey] = Name,
        [InstanceKey] = Instance,
        [ControlKey] = Control?.OriginalString ?? "",
        [StreamPortKey] = StreamPort.ToString(CultureInfo.InvariantCulture),
        [CoresKey] = Cores.ToString(CultureInfo.InvariantCulture),
        [RateKey] = BytesPerSecond.ToString("R", CultureInfo.InvariantCulture),
        [MemoryKey] = MemoryBytes.ToString(CultureInfo.InvariantCulture),
        [ModelsKey] = string.Join(Between, Models),
    };

    /// <summary>From silo metadata; null where it names no board: the silo has not told yet, or is none of ours.</summary>
    internal static BoardFacts? Of(IReadOnlyDictionary<string, string> metadata) => metadata.GetValueOrDefault(NameKey) is not { } name ? null : new BoardFacts
    {
        Name = name,
        Instance = metadata.GetValueOrDefault(InstanceKey, ""),
        Control = Uri.TryCreate(metadata.GetValueOrDefault(ControlKey), UriKind.Absolute, out Uri? control) ? control : null,
        StreamPort = (int)Number(metadata, StreamPortKey),
        Cores = (int)Number(metadata, CoresKey),
        BytesPerSecond = Number(metadata, RateKey),
        MemoryBytes = (long)Number(metadata, MemoryKey),
        Models = metadata.GetValueOrDefault(ModelsKey, "").Split(Between, StringSplitOptions.RemoveEmptyEntries),
    };

    private static double Number(IReadOnlyDictionary<string, string> metadata, string key) =>
        double.TryParse(metadata.GetValueOrDefault(key), NumberStyles.Float, CultureInfo.InvariantCulture, out double value) ? value : 0;
}
