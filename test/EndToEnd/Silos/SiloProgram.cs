using System.Globalization;
using System.Text.RegularExpressions;

namespace Halo.EndToEnd.Tests.Silos;

/// <summary>The four TCP ports of a silo's process.</summary>
internal sealed record SiloPorts(int Control, int Data, int Silo, int Gateway)
{
    /// <summary>Ports that nobody listens on.</summary>
    internal static SiloPorts Free() => new(GatewayProgram.FreePort(), GatewayProgram.FreePort(), GatewayProgram.FreePort(), GatewayProgram.FreePort());
}

/// <summary>How a silo's process is started.</summary>
internal sealed record SiloStart
{
    internal required string Name { get; init; }

    internal required string KeyFile { get; init; }

    internal required string Store { get; init; }

    /// <summary>Where it keeps pieces of weights.</summary>
    internal required string Cache { get; init; }

    /// <summary>Whether it has the model's file.</summary>
    internal bool HasModel { get; init; }

    internal string Speed { get; init; } = "1";

    internal SiloPorts Ports { get; init; } = SiloPorts.Free();

    internal string Address { get; init; } = "127.0.0.1";

    /// <summary>Further arguments.</summary>
    internal IReadOnlyList<string> More { get; init; } = [];

    /// <summary>How the process comes to be, where it is not in this process's own network.</summary>
    internal ProcessStarter? Starter { get; init; }

    internal string[] Arguments =>
    [
        "--name", Name, "--key-file", KeyFile, "--cluster", Store, "--listen", Address, "--cache", Cache, "--threads", "1", "--speed", Speed,
        "--udp-port", "0", "--port", Text(Ports.Control), "--data-port", Text(Ports.Data), "--silo-port", Text(Ports.Silo), "--gateway-port", Text(Ports.Gateway),
        .. HasModel ? (string[])["--model", $"{Story.Model}={Story.File}"] : [], .. More,
    ];

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}

/// <summary>A board as a silo in a process of its own.</summary>
internal sealed partial class SiloProgram : IAsyncDisposable
{
    private SiloProgram(SiloStart start, BuiltProgram program)
    {
        Start = start;
        Program = program;
    }

    internal SiloStart Start { get; }

    internal BuiltProgram Program { get; }

    internal string Name => Start.Name;

    /// <summary>How often it has joined its cluster.</summary>
    internal int JoinCount => Joined().Count(Program.Output);

    /// <summary>Starts the process; it may not have joined yet.</summary>
    internal static SiloProgram Launch(SiloStart start) => new(start, BuiltProgram.StartWith(start.Starter, "Halo.Silo", "halo-silo", start.Arguments));

    /// <summary>Starts the process and waits until it has joined.</summary>
    internal static async Task<SiloProgram> StartAsync(SiloStart start)
    {
        SiloProgram silo = Launch(start);
        await silo.Program.UntilAsync(() => Task.FromResult(silo.JoinCount > 0), $"silo {start.Name} to join");
        return silo;
    }

    public ValueTask DisposeAsync() => Program.DisposeAsync();

    [GeneratedRegex(@"^Board \S+ is in cluster ", RegexOptions.Multiline)]
    private static partial Regex Joined();
}
