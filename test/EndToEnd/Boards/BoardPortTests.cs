namespace Halo.EndToEnd.Tests.Boards;

/// <summary>Ports that a board's user chooses.</summary>
[Collection(BoardTests.Name)]
public sealed class BoardPortTests
{
    [Fact]
    public async Task Start_UdpPortIsTheDataPort_SaysThatHeartbeatsAreThere()
    {
        using ClusterFolder folder = new();
        await using BuiltProgram program = BuiltProgram.Start("Halo.Silo", "halo-silo", "--key-file", folder.KeyFile, "--data-port", "5999", "--udp-port", "5999");

        Assert.Equal(1, await program.ExitAsync());

        Assert.Contains("--udp-port 5999 is the data port, where heartbeats come over UDP", program.Errors, StringComparison.Ordinal);
    }
}
