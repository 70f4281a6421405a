using System.Diagnostics;
using Halo.Lab.Net;

namespace Halo.Lab.Tests.Net;

/// <summary>Real packets through real namespaces.</summary>
public sealed class LabNetworkTests
{
    [RootFact]
    public async Task Create_DelayAndLoss_AreMetByRealPackets()
    {
        using LabNetwork network = LabNetwork.Create(3, seed: 1);
        await network.ChangeAsync((model, now) => model.SetAll(new() { Delay = TimeSpan.FromMilliseconds(2.5) }, now));
        NetworkCheck delayed = await NetworkCheck.MeasureAsync(network, 1000);
        Assert.InRange(delayed.MedianPing!.Value.TotalMilliseconds, 5, 20); // a busy machine adds to it, and nothing takes off
        Assert.Equal(0, network.Traffic.Overflows);
        Assert.Equal(1000, delayed.DatagramsReceived);
        Assert.True(delayed.BulkBitsPerSecond > 1e6, $"TCP carried {delayed.BulkBitsPerSecond} bit/s.");

        await network.ChangeAsync((model, now) => model.SetAll(new() { Loss = 0.2 }, now));
        int received = await NetworkCheck.SendDatagramsAsync(network, 2000);
        Assert.InRange(received, 1510, 1690); // five deviations
    }

    [RootFact]
    public async Task Start_ProcessInANamespace_SeesItsDeviceAndNothingStays()
    {
        string name;
        using (LabNetwork network = LabNetwork.Create(2, seed: 1))
        {
            name = network.Boards[1].Name;
            ProcessStartInfo start = new("cat", ["/proc/net/dev"]) { RedirectStandardOutput = true };
            using Process process = network.Boards[1].Start(start);
            string devices = await process.StandardOutput.ReadToEndAsync();
            await process.WaitForExitAsync();
            Assert.Contains("lab0:", devices, StringComparison.Ordinal);
            Assert.DoesNotContain("eth0:", devices, StringComparison.Ordinal);
            Assert.True(File.Exists($"/run/netns/{name}"));
        }

        Assert.False(File.Exists($"/run/netns/{name}"));
    }

    [RootFact]
    public async Task ChangeAsync_FaultySettings_ThrowsHereAndTheRouterGoesOn()
    {
        using LabNetwork network = LabNetwork.Create(2, seed: 1);
        await Assert.ThrowsAsync<ArgumentException>(() => network.ChangeAsync((model, now) => model.SetAll(new() { Loss = 2 }, now)));
        await network.ChangeAsync((model, now) => model.SetAll(new() { Loss = 0 }, now));
    }

    [RootFact]
    public void SetKernel_SettingThatIsNotThere_SaysSo()
    {
        using LabNetwork network = LabNetwork.Create(2, seed: 1);
        Assert.True(network.Boards[0].SetKernel("net/ipv4/tcp_sack", "0"));
        Assert.Equal("0", network.Boards[0].Run(() => File.ReadAllText("/proc/sys/net/ipv4/tcp_sack").Trim()));
        Assert.Equal("1", network.Boards[1].Run(() => File.ReadAllText("/proc/sys/net/ipv4/tcp_sack").Trim()));
        Assert.False(network.Boards[0].SetKernel("net/ipv4/no_such_setting", "0"));
    }

    [RootFact]
    public async Task Create_AfterALaboratoryThatWasKilled_TakesItsRestDown()
    {
        // A process that has ended: its id stands for a laboratory that could not clean up.
        using Process ended = Process.Start("true");
        await ended.WaitForExitAsync();
        string stale = $"halo-lab-{ended.Id}-1";
        using (Process making = Process.Start("ip", ["netns", "add", stale]))
        {
            await making.WaitForExitAsync();
        }

        using Process left = Process.Start("ip", ["netns", "exec", stale, "sleep", "600"]);
        using (LabNetwork.Create(2, seed: 1))
        {
            Assert.False(File.Exists($"/run/netns/{stale}"));
            await left.WaitForExitAsync(new CancellationTokenSource(TimeSpan.FromSeconds(5)).Token);
        }
    }

    [RootFact]
    public async Task ReadLineAsync_ProcessThatTalksAndEnds_GivesLinesThenItsErrors()
    {
        using LabNetwork network = LabNetwork.Create(2, seed: 1);
        await using LabProcess process = LabProcess.Start(network.Boards[0], "the shell", "sh", "-c", "echo noise; echo ready; read line; echo got $line; echo alas >&2");
        using CancellationTokenSource limit = new(TimeSpan.FromSeconds(10));
        Assert.Equal("ready", await process.ReadLineAsync("ready", limit.Token));
        await process.WriteLineAsync("this");
        Assert.Equal("got this", await process.ReadLineAsync("got", limit.Token));
        LabException fault = await Assert.ThrowsAsync<LabException>(() => process.ReadLineAsync("more", limit.Token));
        Assert.Equal("the shell has ended; it said: alas", fault.Message);
    }

    [Theory]
    [InlineData("halo-lab-12-3", 12)]
    [InlineData("halo-lab-12", null)]
    [InlineData("halo-lab-x-3", null)]
    [InlineData("halo-lab-12-3-4", null)]
    [InlineData("another-12-3", null)]
    public void OwnerOf_Name_IsTheProcess(string name, int? owner) => Assert.Equal(owner, NetworkNamespace.OwnerOf(name));
}
