using System.Globalization;
using Halo.Grains.Placement;

namespace Halo.Grains.Tests.Placement;

public sealed class BoardFactsTests
{
    [Theory]
    [InlineData("b1")]
    [InlineData("kitchen radio, left = 2; \"x\"")]
    [InlineData("Küche/π\t№")]
    public void Of_ItsOwnMetadata_IsEqual(string name)
    {
        BoardFacts facts = Facts(name) with { Models = ["halo-tales", "a model, with = and ;", name] };
        BoardFacts back = BoardFacts.Of(facts.ToMetadata())!;
        Assert.Equal(facts.Models, back.Models);
        Assert.Equal(facts with { Models = [] }, back with { Models = [] });
    }

    [Fact]
    public void Of_NoModels_HasNone() => Assert.Empty(BoardFacts.Of((Facts("b1") with { Models = [] }).ToMetadata())!.Models);

    [Theory]
    [InlineData("http://[fd00::5]:7070")]
    [InlineData("https://board-3.local:5100")]
    public void Of_ControlEndpoint_IsTheSameAddress(string address) =>
        Assert.Equal(address, BoardFacts.Of((Facts("b1") with { Control = new Uri(address) }).ToMetadata())!.Control!.OriginalString);

    [Fact]
    public void Of_NameAlone_HasDefaults()
    {
        BoardFacts facts = BoardFacts.Of(new Dictionary<string, string> { ["halo.board"] = "b7" })!;
        Assert.Equal(new BoardFacts { Name = "b7", Models = facts.Models }, facts);
        Assert.Empty(facts.Models);
        Assert.Null(facts.Control);
    }

    [Fact]
    public void Of_NumbersThatAreNone_AreZero()
    {
        Dictionary<string, string> metadata = Facts("b1").ToMetadata();
        metadata["halo.cores"] = "many";
        metadata["halo.bytes-per-second"] = "1,5";
        metadata["halo.control"] = "nowhere";
        BoardFacts facts = BoardFacts.Of(metadata)!;
        Assert.Equal((0, 0.0, null), (facts.Cores, facts.BytesPerSecond, facts.Control));
    }

    [Fact]
    public void Of_MetadataOfAnother_IsNull() => Assert.Null(BoardFacts.Of(new Dictionary<string, string> { ["rack"] = "7" }));

    [Fact]
    public void ToMetadata_UnderACultureWithCommas_WritesNumbersAsEverywhere()
    {
        CultureInfo before = CultureInfo.CurrentCulture;
        CultureInfo commas = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        commas.NumberFormat.NumberDecimalSeparator = ",";
        commas.NumberFormat.NegativeSign = "~";
        try
        {
            CultureInfo.CurrentCulture = commas;
            Dictionary<string, string> metadata = Facts("b1").ToMetadata();
            Assert.Equal("1234567890.125", metadata["halo.bytes-per-second"]);
            Assert.Equal(1234567890.125, BoardFacts.Of(metadata)!.BytesPerSecond);
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    private static BoardFacts Facts(string name) => new()
    {
        Name = name,
        Instance = "0123456789abcdef",
        Control = new Uri("http://10.0.0.12:5100"),
        StreamPort = 5101,
        Cores = 4,
        BytesPerSecond = 1234567890.125,
        MemoryBytes = 3_700_000_001,
    };
}
