using System.Globalization;
using System.Text.Json;
using System.Xml.Linq;
using Halo.Cli.Lab.Loss;
using Halo.Cli.Lab.Schemes;

namespace Halo.Cli.Tests.Lab;

public sealed class SchemesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Of_ScoresBesideTheReference_AreComparedTokenByToken()
    {
        HeadRun run = new(5, [10, 20, 30], [1, 2, 3, 4], "") { Scores = [-1.1, -2, -0.5, -1] };
        SchemeCell cell = SchemeCell.Of(Cell("relaxed", 5, 0), run, [-1, -2, -0.5, -1, -9]);
        Assert.Equal(4, cell.Tokens);
        Assert.Equal(20, cell.TpotMs);
        Assert.Equal(Math.Exp(0.025), cell.PerplexityRatio, 1e-12);
        Assert.Equal(Math.Exp(4.6 / 4), cell.Perplexity, 1e-12);
        Assert.InRange(cell.PerplexityRatioError, 0.02, 0.03);
    }

    [Fact]
    public void WithRatios_T0IsTheLowestLossFreeTpotAndTcpTheYardstick()
    {
        IReadOnlyList<SchemeCell> cells = SchemeCell.WithRatios([Cell("tcp", 0, 44), Cell("tcp", 5, 400), Cell("relaxed", 0, 40), Cell("relaxed", 5, 50)]);
        Assert.Equal([1.1, 10, 1, 1.25], cells.Select(cell => cell.Ratio!.Value));
        Assert.Equal(8, cells[3].SpeedUp);
        Assert.Null(cells[3].SpeedUpLowRto);
    }

    [Fact]
    public void Write_Cells_GivesTablesAndPicturesThatCanBeRead()
    {
        SchemeCell[] cells =
        [
            Cell("tcp", 0, 44), Cell("tcp", 5, 4_000), Cell("relaxed", 0, 40), Cell("relaxed", 5, 50),
            Cell("relaxed", 0, 48) with { BurstMs = 10, BadPercent = 5 }, Cell("tcp", 10, 0) with { Fault = "no, \"never\"" },
        ];
        IReadOnlyList<string> files = SchemesFiles.Write(_folder.File("results"), cells);
        Assert.Equal(["halo-4-2.5ms.json", "halo-4-2.5ms.csv", "halo-4-2.5ms-tpot.svg", "halo-4-2.5ms-perplexity.svg"], files.Select(Path.GetFileName));
        Assert.Equal(6, JsonDocument.Parse(File.ReadAllText(files[0])).RootElement.GetArrayLength());
        string[] lines = File.ReadAllLines(files[1]);
        Assert.Equal(7, lines.Length);
        Assert.EndsWith("\"no, \"\"never\"\"\"", lines[6], StringComparison.Ordinal);
        XElement picture = XDocument.Load(files[2]).Root!;
        XNamespace svg = picture.Name.Namespace;
        Assert.Equal(2, picture.Elements(svg + "polyline").Count());
        Assert.Single(picture.Elements(svg + "rect")); // bad periods stand apart
        double[] heights = [.. picture.Elements(svg + "circle").Select(circle => double.Parse(circle.Attribute("cy")!.Value, CultureInfo.InvariantCulture))];
        Assert.All(heights, height => Assert.InRange(height, 40, 370));
    }

    [Fact]
    public async Task Halo_UnknownScheme_IsNamed() =>
        (await CommandLine.RunAsync("lab", "halo", "--text", "none.txt", "--schemes", "tcp,best")).AssertFault("--schemes");

    public void Dispose() => _folder.Dispose();

    private static SchemeCell Cell(string scheme, double loss, double tpot) =>
        new() { Scheme = scheme, Boards = 4, DelayMs = 2.5, LossPercent = loss, TpotMs = tpot, PerplexityRatio = 1 + (loss / 1_000) };
}
