using System.Net;
using System.Net.Sockets;

namespace Halo.EndToEnd.Tests;

/// <summary>The README's first command, as a process, with real clients.</summary>
public sealed class GatewayTests
{
    private const string Beginning = ", there was a little girl named Lily";

    [Fact]
    public async Task Gateway_Started_AnswersPlainStreamedAndDisconnectedClients()
    {
        await using GatewayProgram gateway = await GatewayProgram.StartAsync();
        string plain = await gateway.CompleteAsync();
        Assert.StartsWith(Beginning, plain, StringComparison.Ordinal);
        Assert.Equal(plain, await gateway.StreamedTextAsync());
        await gateway.DisconnectAsync();
        Assert.Equal(plain, await gateway.CompleteAsync());
        Assert.Equal(plain, await gateway.CompleteWithOpenAIClientAsync());

        await gateway.Program.UntilAsync(() => Task.FromResult(gateway.Program.Output.Contains("curl", StringComparison.Ordinal)), "the curl line");
        Assert.Contains($"{gateway.Url}/v1/completions", gateway.Program.Output, StringComparison.Ordinal);
        gateway.Program.Terminate();
        Assert.Equal(0, await gateway.Program.ExitAsync());
    }

    [Fact]
    public async Task Gateway_PortInUse_SaysSoAndExits()
    {
        using TcpListener taken = new(IPAddress.Loopback, 0);
        taken.Start();
        int port = ((IPEndPoint)taken.LocalEndpoint).Port;
        await using BuiltProgram gateway = BuiltProgram.Start("Halo.Gateway", "Halo.Gateway", "--urls", $"http://127.0.0.1:{port}");
        Assert.Equal(1, await gateway.ExitAsync());
        Assert.Contains($"{port}", gateway.Errors + gateway.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", gateway.Errors, StringComparison.Ordinal);
    }
}
