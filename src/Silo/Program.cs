using System.CommandLine;
using System.CommandLine.Invocation;
using Halo.Boards.Control;
using Halo.Silo.Clustering;
using Halo.Silo.Engines;
using Halo.Silo.Hosting;

ParseResult parsed = BoardCommand.Create().Parse(args);
if (parsed.Action is ParseErrorAction || parsed.UnmatchedTokens.Count > 0)
{
    foreach (string message in parsed.Errors.Select(fault => fault.Message).Distinct())
    {
        await Console.Error.WriteLineAsync($"halo-silo: {message}");
    }

    await Console.Error.WriteLineAsync("'halo-silo --help' lists what there is.");
    return 1;
}

try
{
    return await parsed.InvokeAsync(new InvocationConfiguration
    {
        EnableDefaultExceptionHandler = false,
        ProcessTerminationTimeout = TimeSpan.FromSeconds(15), // a board that is stopped lets its head process plan without it first
    });
}
catch (OperationCanceledException)
{
    return 0;
}
catch (Exception fault) when (fault is ClusterKeyException or MembershipStoreException or EngineException or IOException or UnauthorizedAccessException)
{
    await Console.Error.WriteLineAsync($"halo-silo: {fault.Message}");
    return 1;
}

// Said here, so that the web framework does not make it public: other programs use this assembly as a library.
internal static partial class Program;
