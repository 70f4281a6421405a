using Halo.Boards.Steps;
using Halo.Fabric.Streams;
using Halo.Fabric.Streams.Sessions;
using Halo.Fabric.Transport;
using Halo.Planning.Assignment;

namespace Halo.Boards.Remote;

/// <summary>
/// Joins the head board, which is in this process, with boards in other processes: every board gets ready, then the head board dials all of
/// them and they dial each other.
/// </summary>
/// <param name="host">The boards of this process.</param>
/// <param name="boards">All boards.</param>
/// <param name="options">Topology and wire type.</param>
/// <param name="cipher">What seals the frames.</param>
public sealed class NetworkSessions(BoardHost host, BoardDirectory boards, StreamOptions options, FrameCipherKind cipher) : IStepSessions
{
    /// <inheritdoc/>
    public async Task<StepRunner> OpenAsync(LoadedModel model, Plan plan)
    {
        if (host.FindRunner(plan) is { } running)
        {
            return running;
        }

        // Boards end the session before when they get ready for this one: nobody may take that for a loss.
        await Task.Run(() => host.StopRunner(plan.Model));
        int head = plan.Boards.ToList().IndexOf(plan.HeadBoard);
        StreamSession session = StreamSession.Create(cipher);
        RemoteBoard?[] remote = [.. plan.Boards.Select(name => boards.Find(name) as RemoteBoard)];
        StreamPeer[] peers = [.. plan.Boards.Select((name, place) => Peer(name, remote[place]))];
        Task OnRemoteBoards(Func<RemoteBoard, int, Task> call) =>
            Task.WhenAll(remote.Select((board, place) => board is null ? Task.CompletedTask : call(board, place)));

        Task<IReadOnlyList<StreamConnection?>> dialling = DialAsync(new StreamRoster(session, head, options.Topology, peers), head, remote);
        try
        {
            await Task.WhenAll(dialling, OnRemoteBoards((board, place) => board.OpenSessionAsync(new SessionRequest(
                session.Id, session.Secret.ToArray(), session.Cipher, plan.Model, peers, head, place, options.Topology, options.WireType))));
        }
        catch
        {
            await CloseAsync(dialling, session.Id, remote);
            throw;
        }

        FabricSize size = FabricSizes.Of(model.Weights.Config, model.Limits, plan.Boards.Count);
        return await Task.Run(async () =>
        {
            IReadOnlyList<StreamConnection?> connections = await dialling;
            return host.StartRunner(model, plan, () =>
            [
                new StreamTransport(
                    head, head, plan.Boards, connections, size, options, spin: Environment.ProcessorCount > 1,
                    (place, text) => remote[place]?.Lose(Reason(plan.Boards[place], text))),
            ]);
        });
    }

    // The fabric tells a whole sentence, which a board's loss puts around every reason.
    private static string Reason(string board, string text)
    {
        string beginning = $"Board {board} is lost: ";
        return text.StartsWith(beginning, StringComparison.Ordinal) ? text[beginning.Length..].TrimEnd('.') : text;
    }

    private static StreamPeer Peer(string name, RemoteBoard? board) => board is null
        ? new StreamPeer(name, "", 0) // nobody dials the head board
        : new StreamPeer(name, board.Announcement.Host ?? board.Address.Host, board.Announcement.StreamPort);

    private static async Task<IReadOnlyList<StreamConnection?>> DialAsync(StreamRoster roster, int head, RemoteBoard?[] remote)
    {
        try
        {
            return await new StreamConnector(roster, head, listener: null).ConnectAsync();
        }
        catch (StreamConnectException fault)
        {
            remote[fault.Place]?.Lose(fault.Message);
            throw new BoardLostException(remote[fault.Place]?.Announcement.Name ?? "", fault.Message);
        }
    }

    private static async Task CloseAsync(Task<IReadOnlyList<StreamConnection?>> dialling, Guid session, RemoteBoard?[] remote)
    {
        foreach (RemoteBoard? board in remote)
        {
            try
            {
                await (board?.CloseAsync(session) ?? Task.CompletedTask);
            }
            catch (BoardLostException)
            {
                // It has closed more than the session.
            }
        }

        try
        {
            foreach (StreamConnection? connection in await dialling)
            {
                connection?.Dispose();
            }
        }
        catch (BoardLostException)
        {
            // There is nothing to close.
        }
    }
}
