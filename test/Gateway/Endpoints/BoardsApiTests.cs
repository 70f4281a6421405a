using System.Net;
using System.Text.Json;
using Halo.Gateway.Serving;
using Halo.Grains;
using Halo.Silo.Membership;

namespace Halo.Gateway.Endpoints;

/// <summary>What operators see of boards.</summary>
public sealed class BoardsApiTests
{
    private static readonly BoardView s_head = new("b1", null, BoardState.Alive, null, 2, 10e9, 1_000_000, null, 0);

    [Fact]
    public async Task Get_BoardsOfEveryState_ToldInLowerCaseWithReasons()
    {
        FakeCluster cluster = new()
        {
            Boards =
            [
                s_head,
                new BoardView("b2", new Uri("http://10.0.0.12:5100"), BoardState.Suspect, null, 4, 3.25e9, 900, TimeSpan.FromMilliseconds(2.5), 0.25),
                new BoardView("b3", new Uri("http://10.0.0.13:5100"), BoardState.Dead, "it has been silent for 5 s", 4, 3e9, 800, null, 0),
                new BoardView("", new Uri("http://10.0.0.14:5100"), BoardState.Connecting, "the cluster keys differ", 0, 0, 0, null, 0),
            ],
            BoardStatistics = (board, model) => Task.FromResult(new BoardStatistics(board, 7, 2, 4096, 1, 123, 3)),
        };
        await using TestGateway gateway = await TestGateway.StartAsync(cluster.StartAsync);
        await gateway.WaitUntilReadyAsync();

        Answer answer = await gateway.GetAsync("/v1/boards");

        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.Equal("list", answer.Json.GetProperty("object").GetString());
        JsonElement[] boards = [.. answer.Json.GetProperty("data").EnumerateArray()];
        Assert.Equal(["alive", "suspect", "dead", "connecting"], boards.Select(board => board.GetProperty("state").GetString()));
        Assert.Equal([null, null, "it has been silent for 5 s", "the cluster keys differ"], boards.Select(board => board.GetProperty("reason").GetString()));
        Assert.Equal([true, false, false, false], boards.Select(board => board.GetProperty("is_head").GetBoolean()));
        Assert.Equal([1, 1, 0, 0], boards.Select(board => board.GetProperty("models").GetArrayLength()));
        Assert.Equal(
            """{"name":"b2","address":"http://10.0.0.12:5100","state":"suspect","reason":null,"cores":4,"gigabytes_per_second":3.25,"memory_bytes":900"""
            + ""","round_trip_ms":2.5,"loss_rate":0.25,"is_head":false,"models":[{"model":"halo-tales","shards":7,"sequences":2,"kv_bytes":4096"""
            + ""","received_weight_bytes":123,"plan_version":3,"transport":null,"topology":null,"policy":null,"note":null,"links":[]}]}""",
            boards[1].GetRawText());
    }

    [Fact]
    public async Task Get_BoardsKnowTheirLinks_ToldWithUnits()
    {
        FakeCluster cluster = new()
        {
            BoardStatistics = (board, _) => Task.FromResult(new BoardStatistics(board, 4, 0, 0, 0, 0, 1)),
            BoardLinks = (board, _) => Task.FromResult(new BoardLinks(board, "datagram", "star", "protected", "b2 and b3 are apart", [new LinkReport
            {
                Board = "b2",
                IncomingLoss = 0.05,
                OutgoingLoss = 0.1,
                RoundTripMs = 5.25,
                Copies = 2,
                SentDatagrams = 100,
                ResentChunks = 7,
            }])),
        };
        await using TestGateway gateway = await TestGateway.StartAsync(cluster.StartAsync);
        await gateway.WaitUntilReadyAsync();

        JsonElement model = (await gateway.GetAsync("/v1/boards")).Json.GetProperty("data")[0].GetProperty("models")[0];

        Assert.Equal("datagram", model.GetProperty("transport").GetString());
        Assert.Equal("star", model.GetProperty("topology").GetString());
        Assert.Equal("protected", model.GetProperty("policy").GetString());
        Assert.Equal("b2 and b3 are apart", model.GetProperty("note").GetString());
        JsonElement link = Assert.Single(model.GetProperty("links").EnumerateArray());
        Assert.Equal("b2", link.GetProperty("board").GetString());
        Assert.Equal(0.05, link.GetProperty("incoming_loss").GetDouble());
        Assert.Equal(0.1, link.GetProperty("outgoing_loss").GetDouble());
        Assert.Equal(5.25, link.GetProperty("round_trip_ms").GetDouble());
        Assert.Equal(2, link.GetProperty("copies").GetInt32());
        Assert.Equal(100, link.GetProperty("sent_datagrams").GetInt64());
        Assert.Equal(7, link.GetProperty("resent_chunks").GetInt64());
    }

    [Fact]
    public async Task Get_OneBoardIsFrozen_TellsTheOthersAll()
    {
        TaskCompletionSource<BoardStatistics> frozen = new();
        FakeCluster cluster = new()
        {
            Boards = [s_head, s_head with { Name = "b2", Address = new Uri("http://10.0.0.12:5100") }, s_head with { Name = "b3", Address = new Uri("http://10.0.0.13:5100") }],
            BoardStatistics = (board, _) => board switch
            {
                "b1" => Task.FromResult(new BoardStatistics(board, 4, 0, 0, 0, 0, 1)),
                "b2" => frozen.Task,
                _ => throw new InvalidOperationException("lost"),
            },
        };
        await using TestGateway gateway = await TestGateway.StartAsync(cluster.StartAsync);
        await gateway.WaitUntilReadyAsync();

        JsonElement[] boards = [.. (await gateway.GetAsync("/v1/boards")).Json.GetProperty("data").EnumerateArray()];

        Assert.Equal(4, boards[0].GetProperty("models")[0].GetProperty("shards").GetInt32());
        Assert.Equal(JsonValueKind.Null, boards[1].GetProperty("models").ValueKind);
        Assert.Equal(JsonValueKind.Null, boards[2].GetProperty("models").ValueKind);
    }

    [Fact]
    public async Task Get_BoardHoldsNothing_HasNoModels()
    {
        await using TestGateway gateway = await TestGateway.StartAsync(new FakeCluster().StartAsync);
        await gateway.WaitUntilReadyAsync();

        Assert.Equal(0, (await gateway.GetAsync("/v1/boards")).Json.GetProperty("data")[0].GetProperty("models").GetArrayLength());
    }

    [Fact]
    public async Task Get_ClusterDoesNotRun_SaysWhy()
    {
        TaskCompletionSource<IServingCluster> start = new();
        await using TestGateway gateway = await TestGateway.StartAsync(_ => start.Task);

        string starting = (await gateway.GetAsync("/v1/boards")).AssertError(HttpStatusCode.ServiceUnavailable, null, "not_running");
        start.SetException(new InvalidDataException("/secret/path"));

        Assert.Equal("The service is still starting.", starting);
        await Until.TrueAsync("/v1/boards tells of the failure", async () =>
            (await gateway.GetAsync("/v1/boards")).AssertError(HttpStatusCode.ServiceUnavailable, null, "not_running").Contains("its log says why", StringComparison.Ordinal));
    }
}

/// <summary>The same with real boards in this process.</summary>
[Collection(GatewayTests.Name)]
public sealed class BoardsOfOneProcessTests(GatewayFixture fixture)
{
    [Fact]
    public async Task Get_BoardsOfThisProcess_HoldAllShards()
    {
        await fixture.Gateway.CompleteAsync(new { prompt = "Once", max_tokens = 1 });

        JsonElement[] boards = [.. (await fixture.Gateway.GetAsync("/v1/boards")).Json.GetProperty("data").EnumerateArray()];

        Assert.Equal(["b1", "b2", "b3"], boards.Select(board => board.GetProperty("name").GetString()));
        Assert.Equal([true, false, false], boards.Select(board => board.GetProperty("is_head").GetBoolean()));
        Assert.All(boards, board =>
        {
            Assert.Equal("alive", board.GetProperty("state").GetString());
            Assert.Equal(JsonValueKind.Null, board.GetProperty("address").ValueKind);
            Assert.True(board.GetProperty("gigabytes_per_second").GetDouble() > 0);
            Assert.True(board.GetProperty("memory_bytes").GetInt64() > 0);
            JsonElement model = board.GetProperty("models")[0];
            Assert.Equal("halo-tales", model.GetProperty("model").GetString());
            Assert.True(model.GetProperty("shards").GetInt32() > 0);
            Assert.Equal(0, model.GetProperty("received_weight_bytes").GetInt64());
            Assert.True(model.GetProperty("plan_version").GetInt32() > 0);
        });
    }
}
