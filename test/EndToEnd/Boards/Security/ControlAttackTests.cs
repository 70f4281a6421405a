using Halo.Boards;
using Halo.Boards.Remote;
using Halo.Planning.Assignment;

namespace Halo.EndToEnd.Tests.Boards.Security;

/// <summary>Someone between head process and board repeats requests, or changes one bit: the board refuses and stays as it is.</summary>
[Collection(BoardTests.Name)]
public sealed class ControlAttackTests
{
    private const string ModelFile = "models/stories260K/stories260K-F32.gguf";

    private static readonly (string What, Action<WireMessage> Alter)[] s_requestChanges =
    [
        ("method", message => message.Flip(0)),
        ("path", message => message.Flip(message.At("unregister"))),
        ("query", message => message.Flip(message.At("model=") + "model=".Length)),
        ("protocol", message => message.Flip(message.At("HTTP/1.1"))),
        ("session", message => message.Flip(message.ValueAt("Halo-Session"))),
        ("number", message => message.Flip(message.ValueAt("Halo-Number"))),
        ("proof", message => message.Flip(message.ValueAt("Halo-Proof") + 3)),
        ("content type", message => message.Flip(message.ValueAt("Content-Type"))),
        ("body's first byte", message => message.Flip(message.BodyAt)),
        ("body's tag", message => message.Flip(message.Bytes.Length - 1)),
    ];

    private static readonly (string What, Action<WireMessage> Alter)[] s_answerChanges =
    [
        ("status", message => message.Flip("HTTP/1.1 20".Length)),
        ("number", message => message.Flip(message.ValueAt("Halo-Number"))),
        ("body's first byte", message => message.Flip(message.BodyAt)),
        ("body's tag", message => message.Flip(message.Bytes.Length - 1)),
    ];

    [SharedFact(ModelFile)]
    public async Task Replay_HandshakeAndRequests_IsRefusedAndChangesNothing()
    {
        using ClusterFolder folder = new();
        BoardProgram board = await BoardProgram.StartAsync(folder, "b2");
        await using ControlProxy proxy = new(board.ControlPort);
        try
        {
            await using BareHead head = new(folder, TestPaths.Shared(ModelFile));
            RemoteBoard clean = await head.AttachAsync(board);
            Plan plan = await head.LoadAsync();
            RemoteBoard watched = head.Over(head.Client(proxy.Url), clean.Announcement);
            ShardSlice slice = plan.ShardsOf("b2").First().Slice;
            await watched.UnregisterAsync(BareHead.Model, slice, untilRetired: false);
            Assert.True(await watched.RegisterAsync(BareHead.Model, slice));
            byte[][] recorded = [.. proxy.Requests];
            Assert.Equal(4, recorded.Length); // hello, finish, and the two

            // Replayed, the second request would take the shard off the board and the last would bring it back: their order is turned.
            ShareStatistics before = await clean.GetStatisticsAsync(BareHead.Model);
            int[] statuses = [.. await ReplayAsync(board.ControlPort, [recorded[1], recorded[3], recorded[2]])];
            Assert.Equal([401, 401, 401], statuses);
            Assert.Equal(before, await clean.GetStatisticsAsync(BareHead.Model));
            Assert.True(before.ShardCount > 1);

            // The hello alone is answered, with a challenge that its sender cannot meet; nor does an old finish meet it.
            Assert.Equal([200, 401], await ReplayAsync(board.ControlPort, recorded[..2]));

            // Nor does another process of the board know the session.
            board = await board.RestartAsync(folder);
            Assert.Equal([200, 401, 401, 401], await ReplayAsync(board.ControlPort, recorded));
            Assert.DoesNotContain("in the service of", board.Program.Output, StringComparison.Ordinal);
        }
        finally
        {
            await board.DisposeAsync();
        }
    }

    [SharedFact(ModelFile)]
    public async Task Alter_OneBitOfRequestOrAnswer_IsRefusedAndChangesNothing()
    {
        using ClusterFolder folder = new();
        await using BoardProgram board = await BoardProgram.StartAsync(folder, "b2");
        await using ControlProxy proxy = new(board.ControlPort);
        await using BareHead head = new(folder, TestPaths.Shared(ModelFile));
        RemoteBoard clean = await head.AttachAsync(board);
        Plan plan = await head.LoadAsync();
        ShardSlice slice = plan.ShardsOf("b2").First().Slice;
        ShareStatistics before = await clean.GetStatisticsAsync(BareHead.Model);
        foreach ((string what, Action<WireMessage> alter) in s_requestChanges)
        {
            RemoteBoard watched = head.Over(head.Client(proxy.Url), clean.Announcement);
            proxy.OnRequest = request => AlterOnce(request.Path == "/control/shards/unregister", request, alter, () => proxy.OnRequest = null);
            await RefusedAsync(what, () => watched.UnregisterAsync(BareHead.Model, slice, untilRetired: false));
            Assert.True(proxy.OnRequest is null, $"No request was altered for {what}.");
            Assert.Equal(before, await clean.GetStatisticsAsync(BareHead.Model));
        }

        foreach ((string what, Action<WireMessage> alter) in s_answerChanges)
        {
            RemoteBoard watched = head.Over(head.Client(proxy.Url), clean.Announcement);
            proxy.OnAnswer = (request, answer) => AlterOnce(request.Path == "/control/statistics", answer, alter, () => proxy.OnAnswer = null);
            Exception fault = await RefusedAsync(what, () => watched.GetStatisticsAsync(BareHead.Model));
            Assert.Contains("altered on the way", fault.Message, StringComparison.Ordinal);
            Assert.Equal(before, await clean.GetStatisticsAsync(BareHead.Model));
        }

        // Left alone, the same request is carried out.
        await head.Over(head.Client(proxy.Url), clean.Announcement).UnregisterAsync(BareHead.Model, slice, untilRetired: false);
        Assert.Equal(before.ShardCount - 1, (await clean.GetStatisticsAsync(BareHead.Model)).ShardCount);
    }

    private static void AlterOnce(bool isTheOne, WireMessage message, Action<WireMessage> alter, Action done)
    {
        if (isTheOne)
        {
            alter(message);
            done();
        }
    }

    private static async Task<Exception> RefusedAsync(string what, Func<Task> call)
    {
        Exception? fault = await Record.ExceptionAsync(call);
        Assert.True(fault is InvalidOperationException or BoardLostException, $"A change of the {what} led to {fault?.ToString() ?? "success"}.");
        return fault!;
    }

    private static async Task<List<int>> ReplayAsync(int port, byte[][] requests)
    {
        List<int> statuses = [];
        foreach (byte[] request in requests)
        {
            statuses.Add((await RawSocket.AskAsync(port, request)).Status);
        }

        return statuses;
    }
}
