namespace Halo.Cli.Tests.Cluster;

public sealed class BoardsCommandTests
{
    private const string Answer = """
        {"object":"list","data":[
          {"name":"b1","address":null,"state":"alive","reason":null,"cores":4,"gigabytes_per_second":10.24,"memory_bytes":2000000000,
           "round_trip_ms":null,"loss_rate":0,"is_head":true,"models":[
             {"model":"a","shards":5,"sequences":0,"kv_bytes":0,"received_weight_bytes":0,"plan_version":1},
             {"model":"b","shards":7,"sequences":0,"kv_bytes":0,"received_weight_bytes":0,"plan_version":1}]},
          {"name":"b2","address":"http://10.0.0.12:5100","state":"suspect","reason":null,"cores":2,"gigabytes_per_second":3,"memory_bytes":1000000000,
           "round_trip_ms":0.4,"loss_rate":0.5,"is_head":false,"models":null},
          {"name":"b3","address":"http://10.0.0.13:5100","state":"dead","reason":"http://10.0.0.13:5100: it was restarted","cores":2,"gigabytes_per_second":3,
           "memory_bytes":1000000000,"round_trip_ms":null,"loss_rate":0,"is_head":false,"models":[]},
          {"name":"","address":"http://10.0.0.14:5100","state":"connecting","reason":"the cluster keys\ndiffer","cores":0,"gigabytes_per_second":0,
           "memory_bytes":0,"round_trip_ms":null,"loss_rate":0,"is_head":false,"models":[]}]}
        """;

    [Fact]
    public async Task Boards_BoardsOfEveryState_OneRowEachWithTheReason()
    {
        await using FakeGateway gateway = await FakeGateway.StartAsync(Answer);

        string[] lines = [.. (await CommandLine.RunAsync("boards", "--gateway", gateway.Url)).AssertSuccess()
            .Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries)))];

        Assert.Equal(
            [
                "board address cores GB/s memory MB shards RTT ms state",
                "b1 in the gateway 4 10.2 2000 12 - alive, head",
                "b2 http://10.0.0.12:5100 2 3.0 1000 ? 0.4 suspect",
                "b3 http://10.0.0.13:5100 2 3.0 1000 0 - dead: it was restarted",
                @"? http://10.0.0.14:5100 ? ? ? 0 - connecting: the cluster keys\ndiffer",
            ],
            lines);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Boards_BoardsKnowTheirLinks_ShownPairByPairWithTheNote(bool full)
    {
        await using FakeGateway gateway = await FakeGateway.StartAsync("""
            {"object":"list","data":[
              {"name":"b1","address":null,"state":"alive","reason":null,"cores":4,"gigabytes_per_second":10,"memory_bytes":2000000000,"round_trip_ms":null,
               "is_head":true,"models":[{"model":"tales","shards":5,"transport":"datagram","topology":"star","policy":"protected","note":"b2 is\napart",
                 "links":[{"board":"b2","outgoing_loss":0.0512,"outgoing_burst":1.25,"round_trip_ms":5.28,"round_trip_deviation_ms":0.31,"copies":2,
                           "sent_datagrams":1000,"resent_chunks":7,"copied_chunks":900,"carried_chunks":3,
                           "outgoing_incast_loss":0.004,"recovered_chunks":11,"filled_chunks":13,"outgoing_bytes_per_second":4200}]}]},
              {"name":"b2","address":"http://10.0.0.12:5100","state":"alive","reason":null,"cores":2,"gigabytes_per_second":3,"memory_bytes":1000000000,
               "round_trip_ms":0.4,"is_head":false,"models":[{"model":"tales","shards":5,"transport":"datagram","topology":"star","policy":"protected","note":null,
                 "links":[{"board":"b1","outgoing_loss":0,"outgoing_burst":0,"round_trip_ms":0,"round_trip_deviation_ms":0,"copies":1,
                           "sent_datagrams":0,"resent_chunks":0,"copied_chunks":0,"carried_chunks":0}]}]}]}
            """);

        string[] lines = [.. (await CommandLine.RunAsync(["boards", "--gateway", gateway.Url, .. full ? (string[])["--links"] : []])).AssertSuccess()
            .Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries)))];

        Assert.Equal(["tales: datagram, star, protected", @"tales: b2 is\napart"], lines[3..5]);
        Assert.Equal(
            full
                ? [
                    "from to lost % incast % in a row RTT ms +- copies kB/s datagrams resent copied carried recovered filled",
                    "b1 b2 5.1 0.4 1.3 5.3 0.3 2 4.2 1000 7 900 3 11 13",
                    "b2 b1 0.0 0.0 0.0 ? 0.0 1 0.0 0 0 0 0 0 0",
                ]
                : (string[])["lost %, RTT ms to b1 to b2", "from b1 - 5.1, 5.3", "from b2 0.0, ? -"],
            lines[5..]);
    }

    [Fact]
    public async Task Boards_Json_IsTheAnswerItself()
    {
        await using FakeGateway gateway = await FakeGateway.StartAsync(Answer);

        Assert.Equal(Answer + Environment.NewLine, (await CommandLine.RunAsync("boards", "--gateway", gateway.Url + "/", "--json")).AssertSuccess());
    }

    [Fact]
    public async Task Boards_NobodyAnswers_SaysWhereAndWhatToDo() =>
        (await CommandLine.RunAsync("boards", "--gateway", "http://127.0.0.1:1")).AssertFault("Nobody answers at http://127.0.0.1:1", "--gateway URL");

    [Theory]
    [InlineData("""{"error":{"message":"The service is still starting.","type":"server_error","param":null,"code":"not_running"}}""", 503, "The service is still starting.")]
    [InlineData("<html>", 200, "is no Halo gateway")]
    [InlineData("null", 200, "is no Halo gateway")]
    [InlineData("""{"data":null}""", 200, "is no Halo gateway")]
    [InlineData("not found", 404, "is no Halo gateway")]
    public async Task Boards_AnotherAnswer_SaysWhat(string answer, int status, string said)
    {
        await using FakeGateway gateway = await FakeGateway.StartAsync(answer, status);

        (await CommandLine.RunAsync("boards", "--gateway", gateway.Url)).AssertFault(gateway.Url, said);
    }

    [Theory]
    [InlineData("here", "--gateway is 'here'")]
    [InlineData("ftp://here", "such as http://127.0.0.1:8080")]
    public async Task Boards_NoAddress_SaysWhatIsNeeded(string gateway, string said) =>
        (await CommandLine.RunAsync("boards", "--gateway", gateway)).AssertFault(said);
}
