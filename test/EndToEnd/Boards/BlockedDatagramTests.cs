using System.Globalization;
using System.Net;
using Halo.Grains;
using Halo.Silo;

namespace Halo.EndToEnd.Tests.Boards;

/// <summary>
/// Boards whose streams pass and whose datagrams do not, as behind a firewall or an address translation: the board is known to the others by an address
/// where only its streams are taken.
/// </summary>
[Collection(BoardTests.Name)]
public sealed class BlockedDatagramTests
{
    private const string Model = "stories260K";
    private const string File = "stories260K-F32.gguf";

    private static readonly IPAddress s_outside = IPAddress.Parse("127.0.0.2");

    [SharedFact("models/stories260K/stories260K-F32.gguf")]
    public async Task Generate_DatagramsDoNotReachABoard_GoesOverStreamsAndSaysSo()
    {
        using ClusterFolder folder = new();
        await using BoardProgram board = await BoardProgram.StartAsync(folder, "b2", more: ["--advertise", $"{s_outside}"]);
        await using StreamTap door = new(board.DataPort, new IPEndPoint(s_outside, board.DataPort));
        await using HaloCluster cluster = await Heads.StartAsync(Options(folder, [board]));

        Assert.Equal(Heads.ReferenceText(Model, File), await cluster.TextAsync(Model, 200));

        BoardLinks known = await LinksAsync(cluster, "b1");
        Assert.Equal(("stream", "mesh", null), (known.Transport, known.Topology, known.Policy));
        Assert.StartsWith("sums go over TCP", known.Note, StringComparison.Ordinal);
        Assert.Contains("UDP is blocked from board b1 to board b2", known.Note, StringComparison.Ordinal);
        Assert.Empty(known.Links);
        Assert.Equal("stream", (await LinksAsync(cluster, "b2")).Transport);
    }

    [SharedFact("models/stories260K/stories260K-F32.gguf")]
    public async Task Generate_DatagramsDoNotPassBetweenTwoBoards_GoesThroughTheHeadBoard()
    {
        using ClusterFolder folder = new();
        await using UdpFilter window = new(s_outside, place: 0);
        await using BoardProgram near = await BoardProgram.StartAsync(folder, "b3"); // dials b2
        await using BoardProgram far = await BoardProgram.StartAsync(
            folder, "b2", more: ["--advertise", $"{s_outside}", "--udp-port", window.Port.ToString(CultureInfo.InvariantCulture)]);
        await using StreamTap door = new(far.DataPort, new IPEndPoint(s_outside, far.DataPort));
        await using HaloCluster cluster = await Heads.StartAsync(Options(folder, [far, near]));

        Assert.Equal(Heads.ReferenceText(Model, File), await cluster.TextAsync(Model, 200));

        BoardLinks known = await LinksAsync(cluster, "b1");
        Assert.Equal(("datagram", "star"), (known.Transport, known.Topology));
        Assert.StartsWith("sums go through the head board", known.Note, StringComparison.Ordinal);
        Assert.Contains("UDP is blocked from board b3 to board b2", known.Note, StringComparison.Ordinal);
        Assert.Equal(["b2", "b3"], known.Links.Select(link => link.Board));
    }

    private static Task<BoardLinks> LinksAsync(HaloCluster cluster, string board) => cluster.Grains.GetGrain<IBoardGrain>(board).GetLinksAsync(Model);

    private static HaloClusterOptions Options(ClusterFolder folder, BoardProgram[] boards)
    {
        HaloClusterOptions options = Heads.Options(folder, boards);
        options.Models[Model] = TestPaths.Shared($"models/{Model}/{File}");
        options.Transport = TransportKind.Datagram;
        return options;
    }
}
