using System.Globalization;
using Halo.EndToEnd.Tests.Boards;
using Xunit.Abstractions;

namespace Halo.EndToEnd.Tests.Silos;

/// <summary>Silos that do not have the head board, killed while a client streams: the client gets the whole text. The output has the times.</summary>
[Collection(BoardTests.Name)]
public sealed class FollowerKillTests(ITestOutputHelper output)
{
    private const int Token = 40;

    private static readonly TimeSpan s_back = TimeSpan.FromSeconds(15);

    [SiloFact]
    public async Task Kill_OfEachFollowerWhileStreaming_TheStreamGoesOnWithTheSameText()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        string head = await fleet.HeadAsync();
        foreach (string victim in fleet.Silos.Keys.Where(name => name != head).Order(StringComparer.Ordinal).ToArray())
        {
            TimedStream stream = await TimedStream.ReadAsync(fleet.Gateway, Story.Tokens, (Token, fleet.Silos[victim].Program.Kill));
            Assert.True(stream.IsWhole, $"{victim} killed: {stream.Fault}\n{fleet.Logs()}");
            Assert.Equal(Story.Text, stream.Text);
            Assert.False((await fleet.LookAsync())[victim].Serves, $"{victim} was not killed in time.");
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{victim}: the stream stood still for {stream.LongestGap.TotalSeconds:0.000} s"));
            await fleet.RestartAsync(victim);
            await fleet.AllServeAsync(s_back);
        }
    }
}
