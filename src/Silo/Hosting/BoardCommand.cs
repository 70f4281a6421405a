using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Net;
using Halo.Fabric.Datagrams;
using Halo.Inference.Model;
using Halo.Silo.Engines;

namespace Halo.Silo.Hosting;

/// <summary>The command line of a board process.</summary>
internal static class BoardCommand
{
    internal static RootCommand Create()
    {
        Option<string> name = Text("--name", "NAME", "The board's name, unique in the cluster. [default: this machine's name]");
        Option<string> key = Text("--key-file", "FILE", "The file with the cluster's key, the same on all boards; 'halo key FILE' makes one.");
        key.Required = true;
        Option<Uri?> join = new("--join")
        {
            HelpName = "URL",
            Description = "The head process to join, such as http://10.0.0.1:8080. Without it the board waits until a head process names it.",
            CustomParser = result => Read(result, "an address such as http://10.0.0.1:8080", text =>
                Uri.TryCreate(text, UriKind.Absolute, out Uri? uri) && uri.Scheme is "http" or "https" ? (true, uri) : default),
        };
        Option<IPAddress> listen = new("--listen")
        {
            HelpName = "ADDRESS",
            Description = "The address to listen on. [default: all of this machine's]",
            DefaultValueFactory = _ => IPAddress.IPv6Any,
            CustomParser = result => Read(result, "an IP address", text => (IPAddress.TryParse(text, out IPAddress? address), address!)),
        };
        Option<int> port = Port("--port", "TCP port of the control endpoint; 0 for any that is free.", BoardProcessOptions.DefaultPort);
        Option<int> dataPort = Port("--data-port", "TCP port for other boards and UDP port for heartbeats; 0 for any that is free.", BoardProcessOptions.DefaultPort + 1);
        Option<int?> udpPort = new("--udp-port")
        {
            HelpName = "PORT",
            Description = $"UDP port for datagrams, and for each model more the one after it, up to {UdpPort.Count}; 0 for any that is free. [default: the one after --data-port]",
            CustomParser = result => Read<int?>(result, "a whole number from 0 to 65535", text =>
                (ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ushort number), number)),
        };
        Option<string> advertise = Text("--advertise", "HOST", "Where others reach this board, if that is not where its requests come from.");
        Option<string> certificate = Text("--tls-certificate", "FILE", "PEM file with this board's certificate: serves the control endpoint over TLS. [default: without]");
        Option<string> privateKey = Text("--tls-key", "FILE", "PEM file with the certificate's private key. [default: in the same file]");
        Option<string> trust = Text("--tls-trust", "FILE", "PEM file with certificates to trust where --join begins with https. [default: this machine's]");
        Option<int> threads = new("--threads")
        {
            HelpName = "N",
            Description = $"Compute threads. [default: {Environment.ProcessorCount}]",
            DefaultValueFactory = _ => Environment.ProcessorCount,
            CustomParser = result => Read(result, $"a whole number from 1 to {Environment.ProcessorCount}, the cores this process may use", text =>
                (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int count) && count >= 1 && count <= Environment.ProcessorCount, count)),
        };
        Option<double?> speed = new("--speed")
        {
            HelpName = "N",
            Description = "Relative speed: a board of 2 gets twice the groups of one of 1. Give it to all boards or to none. [default: measured]",
            CustomParser = result => Read<double?>(result, "a number above 0", text =>
                (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && value > 0 && double.IsFinite(value), value)),
        };
        Option<long?> memory = Bytes("--memory-limit", "Memory for shards, KV and buffers; weights that do not fit are streamed from --cache in each step. [default: most of this machine's]");
        Option<string[]> models = new("--model")
        {
            HelpName = "FILE",
            Description = "A model file that this board has; may be given again. Where it is what the head process serves, no weights are sent. "
                + "In a cluster it is served under the file's name, or as NAME with NAME=FILE, and this board can be its head board.",
        };
        Option<WeightMode> weights = new("--weights")
        {
            HelpName = "MODE",
            Description = "Where shards of such a file compute from: repacked copies them into a faster layout, mapped leaves them in the file, auto repacks where "
                + "memory has room. [default: auto]",
        };
        Option<string> cache = Text("--cache", "FOLDER", $"Where weights that were sent are kept. [default: {CacheFolders.Default}]");
        Option<long?> cacheLimit = Bytes("--cache-limit", "The most that is kept there. [default: most of what the volume has free]");
        StreamArguments streaming = new();
        ClusterArguments cluster = new();
        RootCommand root = new("A board of a Halo cluster: holds shards of models and computes their part of every step.")
        {
            name, key, join, listen, port, dataPort, udpPort, advertise, certificate, privateKey, trust, threads, speed, memory, models, weights, cache, cacheLimit,
        };
        streaming.AddTo(root, memory);
        cluster.AddTo(root);
        cluster.Forbid(root, join);
        root.SetAction(async (parsed, cancellationToken) =>
        {
            BoardProcessOptions options = new()
            {
                Name = parsed.GetValue(name) ?? Environment.MachineName,
                KeyFile = parsed.GetRequiredValue(key),
                Address = parsed.GetRequiredValue(listen),
                ControlPort = parsed.GetValue(port),
                DataPort = parsed.GetValue(dataPort),
                UdpPort = parsed.GetValue(udpPort),
                Join = parsed.GetValue(join),
                AdvertisedHost = parsed.GetValue(advertise),
                TlsCertificate = parsed.GetValue(certificate),
                TlsKey = parsed.GetValue(privateKey),
                TlsTrust = parsed.GetValue(trust),
                Threads = parsed.GetValue(threads),
                Speed = parsed.GetValue(speed),
                MemoryBytes = parsed.GetValue(memory),
                Streaming = streaming.Read(parsed),
                ModelFiles = parsed.GetValue(models) ?? [],
                Weights = parsed.GetValue(weights),
                CacheFolder = parsed.GetValue(cache) ?? CacheFolders.Default,
                CacheBytes = parsed.GetValue(cacheLimit),
            };
            TextWriter output = parsed.InvocationConfiguration.Output;
            await (cluster.Read(parsed, options) is { } silo
                ? GrainEngine.RunSiloAsync(silo, output, cancellationToken)
                : BoardProcess.RunAsync(options, output, cancellationToken));
            return 0;
        });
        return root;
    }

    internal static Option<string> Text(string name, string help, string description) => new(name) { HelpName = help, Description = description };

    internal static Option<int> Port(string name, string description, int fallback) => new(name)
    {
        HelpName = "PORT",
        Description = description,
        DefaultValueFactory = _ => fallback,
        CustomParser = result => Read(result, "a whole number from 0 to 65535", text =>
            (ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ushort port), (int)port)),
    };

    private static Option<long?> Bytes(string name, string description) => new(name)
    {
        HelpName = "BYTES",
        Description = description,
        CustomParser = result => Read(result, ByteCount.Needed, ByteCount.Read),
    };

    internal static T? Read<T>(ArgumentResult result, string needed, Func<string, (bool Found, T Value)> read)
    {
        string text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
        (bool found, T value) = read(text);
        if (!found)
        {
            result.AddError($"{((OptionResult)result.Parent!).Option.Name} is '{text}'; it must be {needed}.");
        }

        return value;
    }
}
