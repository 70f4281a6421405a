using System.CommandLine;
using System.Globalization;
using Halo.Boards.Remote;
using Halo.Fabric.Datagrams;
using Halo.Fabric.Streams;
using Halo.Fabric.Wire;
using Halo.Grains;
using Halo.Inference.Quantization;

namespace Halo.Silo.Hosting;

/// <summary>The part of the command line that makes a board's process a silo of a cluster.</summary>
internal sealed class ClusterArguments
{
    private const string Stream = "stream";
    private const string Datagram = "datagram";
    private const string GrainCall = "grain-call";

    private readonly Option<string> _cluster = BoardCommand.Text(
        "--cluster", "STORE",
        "Be a silo of the cluster whose membership is kept there: a SQLite file, for boards of this machine, or PostgreSQL, such as "
        + "'Host=10.0.0.1;Database=halo;Username=halo' or postgres://halo@10.0.0.1/halo. [default: serve one head process]");

    private readonly Option<string> _clusterId = BoardCommand.Text("--cluster-id", "NAME", $"The cluster's name there. [default: {SiloProcessOptions.DefaultClusterId}]");
    private readonly Option<int> _siloPort = BoardCommand.Port("--silo-port", "Cluster: TCP port for other silos; 0 for any that is free.", SiloProcessOptions.DefaultSiloPort);
    private readonly Option<int> _gatewayPort = BoardCommand.Port("--gateway-port", "Cluster: TCP port for gateways; 0 for any that is free.", SiloProcessOptions.DefaultSiloPort + 1);
    private readonly Option<string> _transport = new("--transport")
    {
        HelpName = "KIND",
        Description = "Cluster: how sums travel where this board is the head board: stream (TCP), datagram (UDP) or, for comparison, grain-call. [default: stream]",
        CustomParser = result => BoardCommand.Read(result, "stream, datagram or grain-call", text => (text is Stream or Datagram or GrainCall, text)),
    };

    private readonly Option<Topology> _topology = Kind("--topology", "Cluster: mesh or star: who sends to whom; auto, over datagrams: the faster.", Topology.Mesh);
    private readonly Option<WireType> _wire = Kind("--wire", "Cluster: f32, f16 or q8: how sums travel.", WireType.F32);
    private readonly Option<DeliveryPolicy> _policy = Kind("--policy", "Cluster: protected, strict or relaxed: what datagrams do against loss.", DeliveryPolicy.Protected);
    private readonly Option<int?> _kvPositions = new("--kv-positions")
    {
        HelpName = "N",
        Description = "Cluster: positions of KV for all sequences together, where this board is the head board. [default: what memory allows]",
        CustomParser = result => BoardCommand.Read<int?>(result, "a whole number above 0", text =>
            (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int count) && count > 0, count)),
    };

    private readonly Option<KvType> _kvType = Kind("--kv-type", "Cluster: f16, q8_0 or f32: how keys and values are kept; the same on all silos.", KvType.F16);

    private readonly Option<int> _speculate = new("--speculate")
    {
        HelpName = "off|auto|N",
        Description = "Cluster: tokens guessed ahead where a request does not say and this board is the head board. [default: auto]",
        DefaultValueFactory = _ => Speculation.Auto,
        CustomParser = result => BoardCommand.Read(result, Speculation.Needed, text => (Speculation.TryParse(text, out int drafts), drafts)),
    };

    private IEnumerable<Option> All => [_cluster, _clusterId, _siloPort, _gatewayPort, _transport, _topology, _wire, _policy, _kvPositions, _kvType, _speculate];

    internal void AddTo(RootCommand root)
    {
        foreach (Option option in All)
        {
            root.Add(option);
        }
    }

    /// <summary>Refuses what makes no sense together.</summary>
    /// <param name="root">The command.</param>
    /// <param name="join">The option to join a head process.</param>
    internal void Forbid(RootCommand root, Option join) => root.Validators.Add(result =>
    {
        bool isSilo = result.GetResult(_cluster) is { Implicit: false };
        if (isSilo && result.GetResult(join) is { Implicit: false })
        {
            result.AddError("--join asks a head process to take this board; a silo of a --cluster needs none: leave one of the two out.");
        }

        foreach (Option option in All.Where(option => !isSilo && option != _cluster && result.GetResult(option) is { Implicit: false }))
        {
            result.AddError($"{option.Name} is for silos of a --cluster; a board that serves a head process is told by that one.");
        }
    });

    /// <summary>The options of a silo; null where the process is to serve a head process.</summary>
    internal SiloProcessOptions? Read(ParseResult parsed, BoardProcessOptions board) => parsed.GetValue(_cluster) is not { } cluster ? null : new SiloProcessOptions
    {
        Board = board,
        Cluster = cluster,
        ClusterId = parsed.GetValue(_clusterId) ?? SiloProcessOptions.DefaultClusterId,
        SiloPort = parsed.GetValue(_siloPort),
        GatewayPort = parsed.GetValue(_gatewayPort),
        Models = Models(board.ModelFiles),
        Transport = new SessionTransport(
            parsed.GetValue(_topology), parsed.GetValue(_wire), parsed.GetValue(_transport) == Datagram ? parsed.GetValue(_policy) : null)
        {
            ThroughGrains = parsed.GetValue(_transport) == GrainCall,
        },
        KvPositions = parsed.GetValue(_kvPositions),
        KvType = parsed.GetValue(_kvType),
        Speculate = parsed.GetValue(_speculate),
    };

    private static Option<T> Kind<T>(string name, string description, T fallback)
        where T : struct, Enum => new(name)
        {
            HelpName = "KIND",
            Description = description,
            DefaultValueFactory = _ => fallback,
            CustomParser = result => BoardCommand.Read(result, string.Join(" or ", Enum.GetNames<T>()).ToLowerInvariant(), text =>
                (Enum.TryParse(text, ignoreCase: true, out T value) && Enum.GetName(value) is { } kind && kind.Equals(text, StringComparison.OrdinalIgnoreCase), value)),
        };

    private static Dictionary<string, string> Models(IEnumerable<string> files)
    {
        Dictionary<string, string> models = [];
        foreach (string file in files)
        {
            int equals = file.IndexOf('=', StringComparison.Ordinal);
            string path = file[(equals + 1)..];
            string name = equals > 0 ? file[..equals] : Path.GetFileNameWithoutExtension(path);
            if (!File.Exists(path))
            {
                throw new FileNotFoundException($"Model {name} is to be read from '{path}'; there is no such file.");
            }

            if (!models.TryAdd(name, path))
            {
                throw new IOException($"Two --model files would be served as {name}; give one another name with NAME=FILE.");
            }
        }

        return models;
    }
}
