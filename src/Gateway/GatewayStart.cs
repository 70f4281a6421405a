using Microsoft.AspNetCore.Connections;

namespace Halo.Gateway;

/// <summary>Runs the program; what keeps it from starting is told in words and by exit code 1.</summary>
internal static class GatewayStart
{
    /// <summary>Builds, starts and runs the gateway until it is asked to stop.</summary>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(string[] args, Func<WebApplication> build)
    {
        if (args is ["--help"] or ["-h"])
        {
            await Console.Out.WriteLineAsync(GatewayArguments.Help);
            return 0;
        }

        try
        {
            await using WebApplication app = build();
            await app.StartAsync();
            await app.WaitForShutdownAsync();
            return 0;
        }
        catch (StartException fault)
        {
            await Console.Error.WriteLineAsync(fault.Message);
        }
        catch (IOException fault) when (fault.InnerException is AddressInUseException)
        {
            await Console.Error.WriteLineAsync($"{fault.Message} Choose another address with --urls http://127.0.0.1:PORT, or stop the program that has this one.");
        }
        catch (Exception fault)
        {
            await Console.Error.WriteLineAsync($"The gateway cannot start: {fault.Message}");
        }

        return 1;
    }
}
