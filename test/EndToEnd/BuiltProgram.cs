using System.Diagnostics;
using System.Text;

namespace Halo.EndToEnd.Tests;

/// <summary>Makes a process, for example in a network of its own.</summary>
internal delegate Process ProcessStarter(ProcessStartInfo start);

/// <summary>A program of this repository, running as a process of its own. Ended by its id when the test is over.</summary>
internal sealed class BuiltProgram : IAsyncDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(90);

    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _errors = new();
    private readonly Task _reading;
    private bool _disposed;

    private BuiltProgram(Process process)
    {
        _process = process;
        _reading = Task.WhenAll(ReadAsync(process.StandardOutput, _output), ReadAsync(process.StandardError, _errors));
    }

    internal string Output => Snapshot(_output);

    internal string Errors => Snapshot(_errors);

    /// <summary>The process's id, for signals.</summary>
    internal int Id => _process.Id;

    internal bool HasExited => _process.HasExited;

    /// <param name="project">The project's name, for example <c>Halo.Gateway</c>.</param>
    /// <param name="assembly">The program's file without its extension.</param>
    /// <param name="arguments">Its arguments.</param>
    internal static BuiltProgram Start(string project, string assembly, params string[] arguments) => StartIn([], project, assembly, arguments);

    /// <summary>Starts a program with more environment variables than this process has.</summary>
    internal static BuiltProgram StartIn(Dictionary<string, string> environment, string project, string assembly, params string[] arguments)
    {
        ProcessStartInfo start = Describe(project, assembly, arguments);
        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }

        return new BuiltProgram(Process.Start(start)!);
    }

    /// <summary>Starts a program where <paramref name="starter"/> says; here where it is null.</summary>
    internal static BuiltProgram StartWith(ProcessStarter? starter, string project, string assembly, params string[] arguments) =>
        new((starter ?? (start => Process.Start(start)!))(Describe(project, assembly, arguments)));

    internal async Task<int> ExitAsync()
    {
        using CancellationTokenSource limit = new(s_patience);
        await _process.WaitForExitAsync(limit.Token);
        await _reading;
        return _process.ExitCode;
    }

    /// <summary>Waits until <paramref name="condition"/> holds, the process ends, or patience does.</summary>
    internal async Task UntilAsync(Func<Task<bool>> condition, string awaited)
    {
        long start = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            if (_process.HasExited || Stopwatch.GetElapsedTime(start) > s_patience)
            {
                throw new TimeoutException($"Waited for {awaited}; the process {(_process.HasExited ? "has ended" : "runs on")}.\n{Output}\n{Errors}");
            }

            await Task.Delay(50);
        }
    }

    /// <summary>Asks the process to end, as Ctrl-C or a service manager would.</summary>
    internal void Terminate() => Signal("TERM");

    /// <summary>Ends the process as a power cut would: it does not get to say anything.</summary>
    internal void Kill() => Signal("KILL");

    /// <summary>Freezes the process: its sockets stay open, and nobody answers.</summary>
    internal void Freeze() => Signal("STOP");

    /// <summary>Lets a frozen process go on.</summary>
    internal void Thaw() => Signal("CONT");

    private void Signal(string name)
    {
        using Process kill = Process.Start("kill", [$"-{name}", _process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    public async ValueTask DisposeAsync()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        await _process.WaitForExitAsync();
        await _reading;
        _process.Dispose();
    }

    private static ProcessStartInfo Describe(string project, string assembly, string[] arguments)
    {
        // artifacts/bin/<this project>/<configuration>/ is where this runs: the other programs lie beside.
        DirectoryInfo here = new(AppContext.BaseDirectory);
        string path = Path.Combine(here.Parent!.Parent!.FullName, project, here.Name, assembly + ".dll");
        return new ProcessStartInfo("dotnet", [path, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            StandardOutputEncoding = Encoding.UTF8,
        };
    }

    private static async Task ReadAsync(StreamReader reader, StringBuilder into)
    {
        char[] buffer = new char[1024];
        while (await reader.ReadAsync(buffer) is var count && count > 0)
        {
            lock (into)
            {
                into.Append(buffer, 0, count);
            }
        }
    }

    private static string Snapshot(StringBuilder text)
    {
        lock (text)
        {
            return text.ToString();
        }
    }
}
