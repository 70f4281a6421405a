using System.Diagnostics;
using Halo.Cli.Hosting;
using Halo.Lab.Tests;

namespace Halo.Cli.Tests.Lab;

public sealed class NetCommandTests
{
    [Theory]
    [InlineData("--boards", "1", "from 2 to 64")]
    [InlineData("--loss", "200", "percentage from 0 to 100")]
    [InlineData("--delay-ms", "-1", "milliseconds from 0 to 10000")]
    [InlineData("--bad-share", "100", "above 0 and below 100")]
    [InlineData("--bad-board", "5", "there are 4 boards")]
    public async Task Net_WrongNumber_IsRefused(string option, string value, string needed) =>
        (await CommandLine.RunAsync("lab", "net", option, value)).AssertFault(option, needed);

    [RootFact]
    public async Task Net_Program_RunsInBoardOneAndGivesItsExitCode()
    {
        using Process process = CommandLine.Start("lab", "net", "--boards", "2", "--loss", "100", "--", "sh", "-c", "ip -brief address show lab0; exit 3");
        CommandResult result = await CommandLine.EndAsync(process, "nonsense\n");
        Assert.Equal(3, result.ExitCode);
        Assert.Contains("10.77.0.1/24", result.Output, StringComparison.Ordinal);
        Assert.Contains("10.77.0.2", result.Error, StringComparison.Ordinal);
        AssertNothingLeft(process.Id);
    }

    [RootFact]
    public async Task Net_Interrupted_TakesAllDown()
    {
        using Process process = CommandLine.Start("lab", "net", "--boards", "2");
        await process.StandardInput.WriteLineAsync("nonsense");
        await process.StandardInput.FlushAsync();
        string? said;
        while ((said = await process.StandardError.ReadLineAsync()) is not null && !said.StartsWith("'nonsense' is no change", StringComparison.Ordinal))
        {
        }

        Assert.NotNull(said);
        Assert.True(File.Exists($"/run/netns/halo-lab-{process.Id}-2"));
        using (Process kill = Process.Start("kill", ["-INT", $"{process.Id}"]))
        {
            await kill.WaitForExitAsync();
        }

        CommandResult result = await CommandLine.EndAsync(process);
        Assert.Equal(CommandHost.Success, result.ExitCode);
        AssertNothingLeft(process.Id);
    }

    private static void AssertNothingLeft(int laboratory) =>
        Assert.Empty(Directory.EnumerateFiles("/run/netns", $"halo-lab-{laboratory}-*"));
}
