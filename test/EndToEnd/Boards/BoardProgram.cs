using System.Globalization;
using System.Text.RegularExpressions;

namespace Halo.EndToEnd.Tests.Boards;

/// <summary>A board in a process of its own on the loopback, with ports that the system chose.</summary>
internal sealed partial class BoardProgram : IAsyncDisposable
{
    private BoardProgram(string name, BuiltProgram program)
    {
        Name = name;
        Program = program;
    }

    internal string Name { get; }

    internal BuiltProgram Program { get; }

    /// <summary>TCP port of the control endpoint.</summary>
    internal int ControlPort => Port("control");

    /// <summary>TCP port for streams of other boards.</summary>
    internal int DataPort => Port("data");

    /// <summary>UDP port for heartbeats.</summary>
    internal int HeartbeatPort => Port("heartbeats");

    /// <summary>The control endpoint.</summary>
    internal string Url => $"http://127.0.0.1:{ControlPort}";

    internal static Task<BoardProgram> StartAsync(
        ClusterFolder folder, string name, double speed = 1, (int Control, int Data) ports = default, params string[] more) =>
        StartInAsync([], folder, name, speed, ports, more);

    /// <summary>Starts a board with more environment variables than this process has.</summary>
    internal static async Task<BoardProgram> StartInAsync(
        Dictionary<string, string> environment, ClusterFolder folder, string name, double speed = 1, (int Control, int Data) ports = default, params string[] more)
    {
        string[] arguments =
        [
            "--name", name, "--key-file", folder.KeyFile, "--listen", "127.0.0.1", "--port", Text(ports.Control), "--data-port", Text(ports.Data),
            "--speed", Text(speed), "--threads", "1", "--cache", folder.CacheOf(name), .. more,
        ];
        BuiltProgram program = BuiltProgram.StartIn(environment, "Halo.Silo", "halo-silo", arguments);
        BoardProgram board = new(name, program);
        await program.UntilAsync(() => Task.FromResult(Listening().IsMatch(program.Output)), $"board {name} to listen");
        return board;
    }

    /// <summary>Ends the process without a word, and starts another one on the same ports and cache.</summary>
    internal async Task<BoardProgram> RestartAsync(ClusterFolder folder, params string[] more)
    {
        await DisposeAsync();
        return await StartAsync(folder, Name, ports: (ControlPort, DataPort), more: more);
    }

    public ValueTask DisposeAsync() => Program.DisposeAsync();

    private static string Text(IConvertible number) => number.ToString(CultureInfo.InvariantCulture);

    private int Port(string which) => int.Parse(Listening().Match(Program.Output).Groups[which].Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"listens: control (?<control>\d+), data (?<data>\d+), heartbeats (?<heartbeats>\d+)")]
    private static partial Regex Listening();
}
