using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;

namespace Halo.Cli.Hosting;

/// <summary>Runs one command line: answers to stdout, all else to stderr, a fault as one line and an exit code.</summary>
internal static class CommandHost
{
    internal const int Success = 0;
    internal const int Failure = 1;
    internal const int Cancelled = 130; // 128 + SIGINT, as shells count

    // A cancelled command still finishes its step, frees its boards and removes half-written files.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    internal static async Task<int> RunAsync(
        RootCommand root, IReadOnlyList<string> args, TextWriter output, TextWriter error, CancellationToken cancellationToken = default)
    {
        // A prompt may begin with '@': it is never the name of a file with more arguments.
        ParseResult parsed = root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parsed.Action is ParseErrorAction || UnknownOption(parsed) is not null)
        {
            return RefuseUsage(parsed, error);
        }

        InvocationConfiguration configuration = new()
        {
            Output = output,
            Error = error,
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = parsed.CommandResult.Command is InteractiveCommand ? null : s_patience,
        };
        try
        {
            return await parsed.InvokeAsync(configuration, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            return Cancelled;
        }
        catch (Exception fault)
        {
            error.WriteLine($"halo: {Printable.OneLine(Describe(fault))}");
            return Failure;
        }
    }

    private static int RefuseUsage(ParseResult parsed, TextWriter error)
    {
        if (UnknownOption(parsed) is { } option)
        {
            error.WriteLine(
                $"halo: there is no option '{Printable.OneLine(option)}'; '{CommandPath(parsed)} --help' lists those there are. "
                + "A text that begins so comes after a '--' of its own.");
            return Failure;
        }

        foreach (string message in parsed.Errors.Select(fault => fault.Message).Distinct())
        {
            error.WriteLine($"halo: {Printable.OneLine(message)}");
        }

        if (parsed.UnmatchedTokens.Count > 0 && parsed.CommandResult.Command.Arguments.Count > 0)
        {
            error.WriteLine("A text or a path with spaces in it goes into quotes.");
        }

        error.WriteLine($"'{CommandPath(parsed)} --help' lists what there is.");
        return Failure;
    }

    // The parser takes an option that it does not know for an argument: a slip in an option would become the prompt.
    private static string? UnknownOption(ParseResult parsed)
    {
        HashSet<string> suspects = [.. parsed.Tokens.TakeWhile(token => token.Type != TokenType.DoubleDash)
            .Select(token => token.Value).Where(value => value.StartsWith("--", StringComparison.Ordinal))];
        return parsed.CommandResult.Children.OfType<ArgumentResult>().SelectMany(argument => argument.Tokens).Select(token => token.Value)
            .Concat(parsed.UnmatchedTokens)
            .FirstOrDefault(suspects.Contains);
    }

    private static string CommandPath(ParseResult parsed)
    {
        List<string> names = [];
        for (SymbolResult? result = parsed.CommandResult; result is not null; result = result.Parent)
        {
            if (result is CommandResult { Command: { } command })
            {
                names.Insert(0, command is RootCommand ? "halo" : command.Name);
            }
        }

        return string.Join(' ', names);
    }

    private static string Describe(Exception fault) => fault switch
    {
        CommandFault or IOException or UnauthorizedAccessException => fault.Message,
        Grains.ModelUnavailableException or Grains.BadRequestException => fault.Message,
        Inference.Templates.TemplateException => fault.Message,
        Inference.Gguf.GgufFormatException or Planning.Importance.ImportanceFormatException => fault.Message,
        Halo.Boards.Control.ClusterKeyException or Halo.Boards.BoardLostException or Silo.BoardsUnavailableException => fault.Message,
        AggregateException { InnerException: { } inner } => Describe(inner),

        // A bug: the kind of exception is what a report of it needs first.
        _ => $"unexpected {fault.GetType().Name}: {fault.Message}",
    };
}
