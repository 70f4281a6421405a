using System.Globalization;
using Halo.Grains;

namespace Halo.Gateway;

/// <summary>The command line in friendly words, turned into configuration keys.</summary>
internal static class GatewayArguments
{
    /// <summary>What <c>--help</c> prints.</summary>
    public const string Help = """
        Halo.Gateway: runs boards, in this process and in others, and serves their model over OpenAI's completions API.

          --model FILE         a GGUF model, served under its file's name; NAME=FILE serves it as NAME; may be repeated
                               (default: the bundled halo-tales)
          --boards N           boards in this process, 1 to 64 (default 4; 1 with --key-file)
          --key-file FILE      the cluster's key: lets boards in other processes take part; 'halo key FILE' makes one
          --board URL          a board in another process, such as http://10.0.0.12:5100; may be repeated
          --tls-trust FILE     PEM file with certificates to trust where --board begins with https (default: this machine's)
          --head-holds-shards B  false leaves attention and feed-forward to the other boards (default true)
          --threads N          compute threads of all boards together (default: all cores)
          --transport KIND     in-process, grain-call, stream (TCP) or datagram (UDP): how boards exchange partial sums
                               (default in-process; boards of other processes: stream)
          --topology KIND      mesh or star: who sends to whom over streams and datagrams (default mesh); auto, over datagrams: the faster
          --wire TYPE          f32, f16 or q8: how partial sums travel over streams and datagrams (default f32)
          --policy KIND        protected, strict or relaxed: what datagrams do against loss (default protected: copies as well as resends;
                               relaxed waits only for --critical-boards N, the head board first, and for the others until a deadline)
          --udp-port N         UDP port of this process's datagrams, for firewalls (default: any that is free)
          --speed A,B,...      relative speeds of the boards, one each: those of this process, then those of --board (default: measured)
          --board-memory N     bytes of memory of each board in this process (default: an equal share of the machine's);
                               weights that do not fit it are streamed from the cache folder in each step
          --weights MODE       repacked copies weights into a faster layout, mapped leaves them in the file, auto repacks where memory has room
                               (default auto)
          --kv-positions N     positions of KV for all sequences together
          --kv-type TYPE       f16, q8_0 or f32: how keys and values are kept, on all boards (default f16)
          --speculate KIND     off, auto or 1 to 64: tokens guessed ahead where a request does not say; no text changes by it (default auto)
          --cluster STORE      serve the silos whose membership is kept there instead: a SQLite file of this machine, or PostgreSQL, such as
                               postgres://halo@10.0.0.1/halo; needs a program built with the Orleans engine
          --cluster-id NAME    the cluster's name there (default halo)
          --urls URL           where to serve (default http://127.0.0.1:8080: this machine only, nobody is asked who they are)

        Every option can be set as --Halo:NAME VALUE or by the environment as Halo__NAME; see HaloClusterOptions and GatewayOptions.
        """;

    private const string BoardUrl = "--Halo:BoardUrls:";

    private static readonly Dictionary<string, string> s_keys = new(StringComparer.OrdinalIgnoreCase)
    {
        ["boards"] = "Halo:Boards",
        ["key-file"] = "Halo:KeyFile",
        ["tls-trust"] = "Halo:TlsTrustFile",
        ["head-holds-shards"] = "Halo:HeadHoldsShards",
        ["threads"] = "Halo:Threads",
        ["transport"] = "Halo:Transport",
        ["topology"] = "Halo:Topology",
        ["wire"] = "Halo:WireType",
        ["policy"] = "Halo:Policy",
        ["critical-boards"] = "Halo:CriticalBoards",
        ["udp-port"] = "Halo:UdpPort",
        ["board-memory"] = "Halo:BoardMemoryBytes",
        ["weights"] = "Halo:Weights",
        ["kv-positions"] = "Halo:KvPositions",
        ["kv-type"] = "Halo:KvType",
        ["speculate"] = "Halo:Speculate",
        ["cluster"] = "Halo:Gateway:Cluster",
        ["cluster-id"] = "Halo:Gateway:ClusterId",
        ["urls"] = "urls",
        ["environment"] = "environment",
        ["contentRoot"] = "contentRoot",
    };

    /// <summary>The arguments as <c>--key=value</c> of the configuration.</summary>
    /// <exception cref="StartException">Some are unknown or have no value; it lists all of them.</exception>
    public static string[] ToConfiguration(string[] args)
    {
        List<string> faults = [];
        List<string> settings = [];
        for (int index = 0; index < args.Length; index++)
        {
            string name = args[index].TrimStart('-');
            int equals = name.IndexOf('=', StringComparison.Ordinal);
            if (!args[index].StartsWith("--", StringComparison.Ordinal))
            {
                faults.Add($"'{args[index]}' stands alone; options are written --name value.");
            }
            else if (equals > 0)
            {
                Add(name[..equals], name[(equals + 1)..], settings, faults);
            }
            else if (index + 1 < args.Length)
            {
                Add(name, args[++index], settings, faults);
            }
            else
            {
                faults.Add($"--{name} has no value.");
            }
        }

        return faults.Count == 0 ? [.. settings] : throw new StartException("The command line has faults (--help lists the options):", faults);
    }

    // Kinds are written with a hyphen on the command line, and without one in the enumerations; guesses in words, and there as a number.
    private static string InConfiguration(string key, string value, List<string> faults)
    {
        if (key == "Halo:Speculate")
        {
            if (!Speculation.TryParse(value, out int drafts))
            {
                faults.Add($"--speculate is '{value}'; it must be {Speculation.Needed}.");
            }

            return drafts.ToString(CultureInfo.InvariantCulture);
        }

        return key == "Halo:Transport" ? value.Replace("-", "", StringComparison.Ordinal) : value;
    }

    private static void Add(string name, string value, List<string> settings, List<string> faults)
    {
        if (name.Equals("model", StringComparison.OrdinalIgnoreCase))
        {
            int equals = value.IndexOf('=', StringComparison.Ordinal);
            string served = equals > 0 ? value[..equals] : Path.GetFileNameWithoutExtension(value);
            settings.Add($"--Halo:Models:{served}={value[(equals > 0 ? equals + 1 : 0)..]}");
        }
        else if (name.Equals("board", StringComparison.OrdinalIgnoreCase))
        {
            int before = settings.Count(setting => setting.StartsWith(BoardUrl, StringComparison.Ordinal));
            settings.Add($"{BoardUrl}{before}={value}");
        }
        else if (name.Equals("speed", StringComparison.OrdinalIgnoreCase))
        {
            settings.AddRange(value.Split(',').Select((speed, board) => $"--Halo:Speeds:{board}={speed}"));
        }
        else if (s_keys.TryGetValue(name, out string? key))
        {
            settings.Add($"--{key}={InConfiguration(key, value, faults)}");
        }
        else if (name.Contains(':', StringComparison.Ordinal))
        {
            settings.Add($"--{name}={value}");
        }
        else
        {
            faults.Add($"--{name} is no option.");
        }
    }
}
