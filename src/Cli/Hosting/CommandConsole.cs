using System.CommandLine;
using Spectre.Console;

namespace Halo.Cli.Hosting;

/// <summary>Where a command writes: the answer to <see cref="Output"/>, notes, statistics and progress to stderr.</summary>
internal sealed class CommandConsole
{
    // Tables that go into a file or a pipe are never folded.
    private const int UnboundedWidth = 1000;

    private readonly IAnsiConsole _output;
    private readonly IAnsiConsole _error;
    private readonly TextWriter _errorWriter;
    private readonly bool _outputIsTerminal;
    private readonly bool _errorIsTerminal;

    private CommandConsole(TextWriter output, TextWriter error)
    {
        Output = output;
        _errorWriter = error;
        _outputIsTerminal = ReferenceEquals(output, Console.Out) && !Console.IsOutputRedirected;
        _errorIsTerminal = ReferenceEquals(error, Console.Error) && !Console.IsErrorRedirected;
        _output = Render(output, _outputIsTerminal);
        _error = Render(error, _errorIsTerminal);
    }

    /// <summary>Takes the answer, and nothing else.</summary>
    internal TextWriter Output { get; }

    internal static CommandConsole Of(ParseResult parsed) =>
        new(parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);

    /// <summary>Whether <see cref="WithProgressAsync"/> shows anything.</summary>
    internal bool ShowsProgress => _errorIsTerminal;

    /// <summary>Writes a line to stderr.</summary>
    internal void Note(string line) => _errorWriter.WriteLine(Printable.OneLine(line));

    /// <summary>Writes to stderr what the user is to write behind, on the same line.</summary>
    internal void Prompt(string text) => _errorWriter.Write(text);

    /// <summary>Writes a table that is the answer.</summary>
    internal void Answer(TextTable table) => _output.Write(table.Render(_outputIsTerminal));

    /// <summary>Writes a table to stderr.</summary>
    internal void Note(TextTable table) => _error.Write(table.Render(_errorIsTerminal));

    /// <summary>Runs work with a progress bar on stderr where that is a terminal. Progress goes from 0 to 1.</summary>
    internal async Task<T> WithProgressAsync<T>(string what, Func<IProgress<double>, Task<T>> work)
    {
        if (!_errorIsTerminal)
        {
            return await work(new ShareOfWork(_ => { }));
        }

        Progress bar = _error.Progress().AutoClear(true).Columns(
            new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn());
        return await bar.StartAsync(context =>
        {
            ProgressTask task = context.AddTask(Markup.Escape(what), maxValue: 1);
            return work(new ShareOfWork(share => task.Value = share));
        });
    }

    private static IAnsiConsole Render(TextWriter writer, bool isTerminal)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(writer),
            Ansi = isTerminal ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = isTerminal ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Interactive = isTerminal ? InteractionSupport.Detect : InteractionSupport.No,
        });
        if (!isTerminal)
        {
            console.Profile.Width = UnboundedWidth;
        }

        return console;
    }

    // Unlike Progress<T> it reports on the caller's thread, so the last report is never late.
    private sealed class ShareOfWork(Action<double> report) : IProgress<double>
    {
        public void Report(double value) => report(value);
    }
}
