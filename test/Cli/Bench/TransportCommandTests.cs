using System.Text.Json;

namespace Halo.Cli.Tests.Bench;

public sealed class TransportCommandTests
{
    [Fact]
    public async Task Transport_Json_ComparesBothTransportsRoundByRound()
    {
        CommandResult result = await CommandLine.RunAsync("bench", "transport", "--boards", "2", "--tokens", "4", "--rounds", "3", "--json");
        using JsonDocument document = JsonDocument.Parse(result.AssertSuccess());
        JsonElement report = document.RootElement;
        Assert.True(report.GetProperty("sameText").GetBoolean());
        double[] stream = [.. report.GetProperty("stream").GetProperty("roundTpotMs").EnumerateArray().Select(round => round.GetDouble())];
        double[] datagram = [.. report.GetProperty("datagram").GetProperty("roundTpotMs").EnumerateArray().Select(round => round.GetDouble())];
        Assert.Equal(3, stream.Length);
        Assert.True(stream.Concat(datagram).Min() > 0);
        Assert.Equal(datagram.Zip(stream, (d, s) => d / s).Order().ElementAt(1), report.GetProperty("tpotRatio").GetDouble(), 1e-9);
    }

    [Theory]
    [InlineData("--boards", "1", "from 2 to 16")]
    [InlineData("--tokens", "1", "2 or more")]
    [InlineData("--wire", "f64", "one of f32|f16|q8")]
    public async Task Transport_WrongValue_SaysWhatIsNeeded(string option, string value, string needed) =>
        (await CommandLine.RunAsync("bench", "transport", option, value)).AssertFault(option, needed);
}
