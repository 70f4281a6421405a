using System.Globalization;
using System.Text.Json;
using Halo.Boards.Control;
using Halo.Fabric.Streams;
using Halo.Fabric.Wire;
using Halo.Lab.Model;
using Halo.Lab.Net;

namespace Halo.Cli.Lab.Loss;

/// <summary>A head process and board processes, each in its own network, started without impairments.</summary>
internal sealed class LabCluster : IAsyncDisposable
{
    private const int ControlPort = 5100;
    private const string MinimumTimer = "net/ipv4/tcp_rto_min_us";
    private const string LowMinimumTimer = "5000"; // microseconds; the kernel's own floor is a few more

    private static readonly TimeSpan s_startLimit = TimeSpan.FromMinutes(2);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("halo-lab-");
    private readonly LabNetwork _network;
    private readonly List<LabProcess> _processes = []; // the head is the last

    private LabCluster(LabNetwork network) => _network = network;

    internal TrafficTotal Traffic => _network.Traffic;

    /// <summary>Processor time of all processes so far.</summary>
    internal TimeSpan ProcessorTime => _processes.Aggregate(TimeSpan.Zero, (sum, process) => sum + process.ProcessorTime);

    /// <summary>Memory of all processes that is in use, in bytes.</summary>
    internal long MemoryBytes => _processes.Sum(process => process.MemoryBytes);

    private LabProcess Head => _processes[^1];

    private string KeyFile => Path.Combine(_folder.FullName, "cluster.key");

    /// <summary>Starts the processes and waits until all are in service.</summary>
    /// <param name="setting">Boards and the seed of what links lose.</param>
    /// <param name="model">The model's file.</param>
    /// <param name="policy">How boards exchange sums.</param>
    /// <param name="topology">Who sends them to whom.</param>
    /// <param name="wire">How they travel.</param>
    /// <param name="tokens">The most tokens of a run.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <param name="headArguments">Further arguments of the head process.</param>
    /// <exception cref="Halo.Lab.LabException">The network cannot be made, or a process ended; nothing is left behind.</exception>
    internal static async Task<LabCluster> StartAsync(
        LinkSetting setting, string model, LossPolicy policy, Topology topology, WireType wire, int tokens, CancellationToken cancellationToken,
        params IEnumerable<string> headArguments)
    {
        LabCluster cluster = new(await Task.Run(() => LabNetwork.Create(setting.Boards, setting.Seed), cancellationToken));
        try
        {
            using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(s_startLimit);
            if (policy == LossPolicy.TcpLowRto)
            {
                cluster.LowerTimers();
            }

            ClusterKey.WriteNew(cluster.KeyFile);
            await cluster.StartBoardsAsync(model, limit.Token);
            await cluster.StartHeadAsync(model, policy, topology, wire, tokens, headArguments, limit.Token);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Sets what all links do from now on.</summary>
    /// <param name="setting">The network; its own losses do not count.</param>
    /// <param name="link">What links do, of one bad board where the setting names it.</param>
    internal Task SetAsync(LinkSetting setting, LinkSettings link) => _network.ChangeAsync((model, now) => setting.Apply(link, model, now));

    /// <summary>Changes the network in whatever way, while it runs.</summary>
    internal Task ChangeAsync(Action<NetworkModel> change) => _network.ChangeAsync((model, _) => change(model));

    /// <summary>Does something in a board's network, and gives what came of it.</summary>
    internal T RunAt<T>(int board, Func<T> work) => _network.Boards[board].Run(work);

    /// <summary>Has the head generate.</summary>
    /// <exception cref="Halo.Lab.LabException">The head process ended.</exception>
    internal async Task<HeadRun> GenerateAsync(int tokens, CancellationToken cancellationToken)
    {
        await Head.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"run {tokens}"));
        string line = await Head.ReadLineAsync(HeadCommand.AnswerBeginning, cancellationToken);
        return JsonSerializer.Deserialize(line, HeadJson.Default.HeadRun)!;
    }

    /// <summary>Has the head score a text's first tokens, one a step, and fewer where they take longer than a limit.</summary>
    /// <exception cref="Halo.Lab.LabException">The head process ended.</exception>
    internal async Task<HeadRun> ScoreAsync(int tokens, TimeSpan limit, CancellationToken cancellationToken)
    {
        await Head.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{HeadCommand.ScoreWord} {tokens} {limit.TotalMilliseconds:0}"));
        string line = await Head.ReadLineAsync(HeadCommand.AnswerBeginning, cancellationToken);
        return JsonSerializer.Deserialize(line, HeadJson.Default.HeadRun)!;
    }

    /// <summary>What all boards have counted on their links so far; null where nothing measures them.</summary>
    /// <exception cref="Halo.Lab.LabException">The head process ended.</exception>
    internal async Task<Dictionary<string, long>?> CountAsync(CancellationToken cancellationToken)
    {
        await Head.WriteLineAsync(HeadCommand.LinksLine);
        string line = await Head.ReadLineAsync(HeadCommand.LinksBeginning, cancellationToken);
        return JsonSerializer.Deserialize(line, HeadJson.Default.HeadLinks)!.Counts;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (LabProcess process in Enumerable.Reverse(_processes))
        {
            await process.DisposeAsync();
        }

        _network.Dispose();
        _folder.Delete(recursive: true);
    }

    private void LowerTimers()
    {
        foreach (NetworkNamespace board in _network.Boards)
        {
            if (!board.SetKernel(MinimumTimer, LowMinimumTimer))
            {
                throw new Halo.Lab.LabException($"This kernel has no {MinimumTimer.Replace('/', '.')}; leave the policy tcp-low-rto out.");
            }
        }
    }

    private async Task StartBoardsAsync(string model, CancellationToken cancellationToken)
    {
        for (int index = 1; index < _network.Boards.Count; index++)
        {
            NetworkNamespace board = _network.Boards[index];
            string name = string.Create(CultureInfo.InvariantCulture, $"b{index + 1}");
            _processes.Add(LabProcess.Start(
                board, $"board {name}", LabProgram.Dotnet, LabProgram.Of("halo-silo.dll"),
                "--name", name, "--key-file", KeyFile, "--listen", board.Address, "--port", Text(ControlPort), "--data-port", Text(ControlPort + 1),
                "--speed", "1", "--threads", "1", "--model", model, "--cache", Path.Combine(_folder.FullName, name)));
        }

        for (int index = 1; index < _network.Boards.Count; index++)
        {
            await _processes[index - 1].ReadLineAsync("Board ", cancellationToken);
        }
    }

    private async Task StartHeadAsync(
        string model, LossPolicy policy, Topology topology, WireType wire, int tokens, IEnumerable<string> headArguments,
        CancellationToken cancellationToken)
    {
        string[] transport = policy switch
        {
            LossPolicy.Strict => ["--transport", "datagram", "--policy", "strict"],
            LossPolicy.Relaxed => ["--transport", "datagram", "--policy", "relaxed"],
            LossPolicy.Protected => ["--transport", "datagram", "--policy", "protected"],
            _ => ["--transport", "stream"],
        };
        IEnumerable<string> boards = _network.Boards.Skip(1).SelectMany(board => (string[])["--board", $"http://{board.Address}:{Text(ControlPort)}"]);
        _processes.Add(LabProcess.Start(
            _network.Boards[0], "the head", LabProgram.Dotnet,
            [
                LabProgram.Of("halo.dll"), "lab", HeadCommand.Name, "--model", model, "--key-file", KeyFile, "--topology", topology.ToString(),
                "--wire", wire.ToString(), "--tokens", Text(tokens), .. transport, .. boards, .. headArguments,
            ]));
        await Head.ReadLineAsync(HeadCommand.Ready, cancellationToken);
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
