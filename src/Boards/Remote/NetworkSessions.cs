using Halo.Boards.Steps;
using Halo.Fabric.Datagrams;
using Halo.Fabric.Streams;
using Halo.Fabric.Streams.Sessions;
using Halo.Fabric.Transport;
using Halo.Planning.Assignment;
using Microsoft.Extensions.Logging;

namespace Halo.Boards.Remote;

/// <summary>
/// Joins the head board, which is in this process, with boards in other processes: the head board dials all of them, and in a mesh they dial each
/// other. Where two of those cannot reach each other the sums go through the head board, a star, instead; where datagrams do not pass to or from the
/// head board, over streams.
/// </summary>
/// <param name="host">The boards of this process.</param>
/// <param name="boards">All boards.</param>
/// <param name="options">How sums travel.</param>
/// <param name="cipher">What seals the frames.</param>
/// <param name="udpPort">The head board's own port for datagrams.</param>
/// <param name="log">Where it is told that sums do not travel as was asked.</param>
/// <param name="throughGrains">Where the options ask for it, partial sums go through grains by this.</param>
public sealed class NetworkSessions(
    BoardHost host, BoardDirectory boards, SessionTransport options, FrameCipherKind cipher, UdpPort udpPort, ILogger<NetworkSessions> log,
    SumsThroughGrains? throughGrains = null) : IStepSessions
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
        ISessionMember?[] remote = [.. plan.Boards.Select(name => boards.Find(name) as ISessionMember)];
        SessionInfo info = new(options);
        while (true)
        {
            try
            {
                return await OpenAsync(model, plan, remote, info);
            }
            catch (PeersApartException fault) when (info.Transport.Topology != Topology.Star)
            {
                SessionsLog.NoMesh(log, plan.Model, fault.Message);
                string note = $"sums go through the head board, as not all boards reach each other: {fault.Message}";
                info = new SessionInfo(info.Transport with { Topology = Topology.Star }, info.Note is null ? note : $"{info.Note} And {note}");
            }
            catch (HeadBlockedException fault) when (info.Transport.Datagrams is not null)
            {
                SessionsLog.NoDatagrams(log, plan.Model, fault.Message);
                info = new SessionInfo(
                    options with { Datagrams = null }, $"sums go over TCP, as datagrams do not pass between all boards and the head board: {fault.Message}");
            }
        }
    }

    private async Task<StepRunner> OpenAsync(LoadedModel model, Plan plan, ISessionMember?[] remote, SessionInfo info)
    {
        SessionTransport how = info.Transport;
        int head = plan.Boards.ToList().IndexOf(plan.HeadBoard);
        StreamPeer[] peers = [.. plan.Boards.Select((name, place) => remote[place]?.Place ?? NotDialled(name))];
        StreamSession session = StreamSession.Create(cipher);
        FabricSize size = FabricSizes.Of(model.Weights.Config, model.Limits, plan.Boards.Count);
        ITransport transport = await ConnectAsync(plan.Model, new StreamRoster(session, head, how.Topology, peers), how, size, remote);
        if (how.ThroughGrains)
        {
            transport = throughGrains!(plan.Model, head, plan.Boards.Count, transport);
        }

        host.Find(plan.HeadBoard).Model(model).Session = info;
        return await Task.Run(() => host.StartRunner(model, plan, () => [transport]));
    }

    private async Task<ITransport> ConnectAsync(
        string model, StreamRoster roster, SessionTransport how, FabricSize size, ISessionMember?[] remote)
    {
        StreamSession session = roster.Session;
        using CancellationTokenSource giveUp = new();
        Task<ITransport> dialling = DialAsync(roster, how, size, remote, giveUp.Token);
        IEnumerable<Task> opening = remote.Select((board, place) => board?.OpenSessionAsync(new SessionRequest(
            session.Id, session.Secret.ToArray(), session.Cipher, model, [.. roster.Boards], roster.Head, place, how)) ?? Task.CompletedTask);
        Task[] all = [dialling, .. opening];
        try
        {
            // The first fault ends it: a board that waits for one that is lost would wait for long.
            await foreach (Task task in Task.WhenEach(all))
            {
                await task;
            }

            return await dialling;
        }
        catch (Exception fault)
        {
            await giveUp.CancelAsync();
            await Task.WhenAll(remote.Select(board => board?.CloseAsync(session.Id) ?? Task.CompletedTask)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await Task.WhenAll(all).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (dialling.IsCompletedSuccessfully)
            {
                dialling.Result.Dispose();
            }

            // A board without datagrams tells first of whichever other it tried last; what it tells of the head board decides.
            HeadBlockedException? blocked = all.Select(task => task.Exception?.InnerException).OfType<HeadBlockedException>().FirstOrDefault();
            if (fault is PeersApartException && blocked is not null)
            {
                throw blocked;
            }

            throw;
        }
    }

    private async Task<ITransport> DialAsync(
        StreamRoster roster, SessionTransport how, FabricSize size, ISessionMember?[] remote, CancellationToken cancellation)
    {
        string[] names = [.. roster.Boards.Select(board => board.Board)];
        try
        {
            IReadOnlyList<StreamConnection?> connections = await new StreamConnector(roster, roster.Head, listener: null).ConnectAsync(cancellation);
            return await Task.Run(
                () => how.Connect(roster.Head, roster.Head, names, connections, size, udpPort, (place, text) => remote[place]?.Lose(Reason(names[place], text))),
                CancellationToken.None);
        }
        catch (DatagramsBlockedException fault)
        {
            throw new HeadBlockedException(fault.Message);
        }
        catch (StreamConnectException fault)
        {
            remote[fault.Place]?.Lose(fault.Message);
            throw new BoardLostException(roster.Boards[fault.Place].Board, fault.Message);
        }
    }

    // Nobody dials the head board.
    private static StreamPeer NotDialled(string name) => new(name, "", 0);

    // The fabric tells a whole sentence, which a board's loss puts around every reason.
    private static string Reason(string board, string text)
    {
        string beginning = $"Board {board} is lost: ";
        return text.StartsWith(beginning, StringComparison.Ordinal) ? text[beginning.Length..].TrimEnd('.') : text;
    }
}
