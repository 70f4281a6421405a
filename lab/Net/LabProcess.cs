using System.Diagnostics;
using System.Text;
using System.Threading.Channels;

namespace Halo.Lab.Net;

/// <summary>A process in a board's namespace, its lines collected. Ended by its id when it is disposed of.</summary>
public sealed class LabProcess : IAsyncDisposable
{
    private const int ErrorsShown = 2000; // characters

    private readonly Process _process;
    private readonly string _name;
    private readonly Channel<string> _lines = Channel.CreateUnbounded<string>();
    private readonly StringBuilder _errors = new();
    private readonly Task _reading;

    private LabProcess(Process process, string name)
    {
        _process = process;
        _name = name;
        _reading = Task.WhenAll(ReadLinesAsync(), ReadErrorsAsync());
    }

    /// <summary>The process's id.</summary>
    public int Id => _process.Id;

    /// <summary>Processor time it has used, in user and kernel mode, to 10 ms.</summary>
    public TimeSpan ProcessorTime => _process.TotalProcessorTime;

    /// <summary>Memory that it has in use, in bytes.</summary>
    public long MemoryBytes
    {
        get
        {
            _process.Refresh();
            return _process.WorkingSet64;
        }
    }

    /// <summary>Starts a process.</summary>
    /// <param name="board">The namespace it is in.</param>
    /// <param name="name">What messages call it.</param>
    /// <param name="program">The program.</param>
    /// <param name="arguments">Its arguments.</param>
    public static LabProcess Start(NetworkNamespace board, string name, string program, params string[] arguments) =>
        new(board.Start(StartOf(program, arguments)), name);

    /// <summary>Starts a process in this process's own network.</summary>
    /// <param name="name">What messages call it.</param>
    /// <param name="program">The program.</param>
    /// <param name="arguments">Its arguments.</param>
    public static LabProcess StartHere(string name, string program, params string[] arguments) =>
        new(Process.Start(StartOf(program, arguments))!, name);

    /// <summary>Writes a line to the process's standard input.</summary>
    public async Task WriteLineAsync(string line)
    {
        await _process.StandardInput.WriteLineAsync(line);
        await _process.StandardInput.FlushAsync();
    }

    /// <summary>The next line of standard output that begins so; those before it are gone.</summary>
    /// <param name="beginning">How the line begins.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="LabException">The process ended before; the message has what it said.</exception>
    public async Task<string> ReadLineAsync(string beginning, CancellationToken cancellationToken)
    {
        await foreach (string line in _lines.Reader.ReadAllAsync(cancellationToken))
        {
            if (line.StartsWith(beginning, StringComparison.Ordinal))
            {
                return line;
            }
        }

        await _reading;
        string said = _errors.ToString().Trim();
        throw new LabException($"{_name} has ended; it said: {(said.Length > ErrorsShown ? said[^ErrorsShown..] : said)}");
    }

    /// <summary>Ends the process.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        await _process.WaitForExitAsync();
        await _reading;
        _process.Dispose();
    }

    private static ProcessStartInfo StartOf(string program, string[] arguments) => new(program, arguments)
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
        StandardOutputEncoding = Encoding.UTF8,
    };

    private async Task ReadLinesAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            _lines.Writer.TryWrite(line);
        }

        _lines.Writer.Complete();
    }

    private async Task ReadErrorsAsync()
    {
        while (await _process.StandardError.ReadLineAsync() is { } line)
        {
            _errors.AppendLine(line);
        }
    }
}
