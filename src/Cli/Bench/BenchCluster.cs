using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Halo.Boards.Control;
using Halo.Cli.Hosting;
using Halo.Cli.Lab.Loss;
using Halo.Lab.Net;
using Halo.Silo;

namespace Halo.Cli.Bench;

/// <summary>This process as the head of board processes on the loopback.</summary>
internal sealed partial class BenchCluster : IAsyncDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("halo-bench-");
    private readonly List<LabProcess> _boards = [];
    private ModelSession? _session;

    private BenchCluster()
    {
    }

    /// <summary>Processor time of this process and of the boards so far: another cluster of this process must be idle while it is compared.</summary>
    internal TimeSpan ProcessorTime
    {
        get
        {
            using Process own = Process.GetCurrentProcess();
            return _boards.Aggregate(own.TotalProcessorTime, (sum, board) => sum + board.ProcessorTime);
        }
    }

    /// <summary>Starts the processes, one thread each, and loads the model.</summary>
    /// <exception cref="Halo.Lab.LabException">A board process ended.</exception>
    internal static async Task<BenchCluster> StartAsync(
        CommandConsole console, ModelFile model, TransportKind transport, TransportSetting setting, CancellationToken cancellationToken)
    {
        BenchCluster cluster = new();
        try
        {
            string key = Path.Combine(cluster._folder.FullName, "cluster.key");
            ClusterKey.WriteNew(key);
            HaloClusterOptions options = new()
            {
                KeyFile = key,
                Threads = 1,
                Transport = transport,
                Topology = setting.Topology,
                WireType = setting.Wire,
                Policy = setting.Policy,
                Speeds = [.. Enumerable.Repeat(1.0, setting.Boards)],
                KvPositions = ModelSession.KvPositions(1, HeadCommand.Prompt.Length + 2 + setting.Tokens),
            };
            for (int number = 2; number <= setting.Boards; number++)
            {
                options.BoardUrls.Add(await cluster.StartBoardAsync(number, key, model.Path, cancellationToken));
            }

            cluster._session = await ModelSession.StartAsync(model, options, console, cancellationToken);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>A greedy continuation, timed.</summary>
    internal Task<HeadRun> GenerateAsync(int tokens, CancellationToken cancellationToken) => HeadCommand.GenerateAsync(_session!, tokens, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        if (_session is not null)
        {
            await _session.DisposeAsync();
        }

        foreach (LabProcess board in _boards)
        {
            await board.DisposeAsync();
        }

        _folder.Delete(recursive: true);
    }

    // The address of its control endpoint.
    private async Task<string> StartBoardAsync(int number, string key, string model, CancellationToken cancellationToken)
    {
        string name = string.Create(CultureInfo.InvariantCulture, $"b{number}");
        LabProcess board = LabProcess.StartHere(
            $"board {name}", LabProgram.Dotnet, LabProgram.Of("halo-silo.dll"), "--name", name, "--key-file", key, "--listen", "127.0.0.1", "--port", "0",
            "--data-port", "0", "--speed", "1", "--threads", "1", "--model", model, "--cache", Path.Combine(_folder.FullName, name));
        _boards.Add(board);
        string line = await board.ReadLineAsync("Board ", cancellationToken);
        return $"http://127.0.0.1:{ControlPort().Match(line).Groups[1].Value}";
    }

    [GeneratedRegex(@"control (\d+),")]
    private static partial Regex ControlPort();
}
