using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Halo.Boards.Control;
using Halo.Boards.Weights;
using Halo.Fabric.Datagrams;
using Halo.Fabric.Streams.Sessions;
using Halo.Inference.Model;
using Halo.Planning.Assignment;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Halo.Boards.Remote;

/// <summary>The control endpoint of a board process: HTTP on the outside, a <see cref="BoardAgent"/> on the inside.</summary>
public static class BoardEndpoints
{
    /// <summary>Adds the handshake and the control requests of a board, which all need a control session.</summary>
    /// <param name="routes">The application.</param>
    /// <param name="server">Whom the control channel knows.</param>
    /// <param name="agent">The board.</param>
    public static void MapHaloBoard(this IEndpointRouteBuilder routes, ControlServer server, BoardAgent agent)
    {
        routes.MapHaloHandshake(server);
        RouteGroupBuilder control = routes.MapHaloControl(server, BoardPaths.Prefix);
        control.MapPost(Relative(BoardPaths.Attach), context => AnswerAsync(context, async () =>
        {
            ControlCaller caller = Caller(context);
            AttachRequest request = Read(context, BoardJson.Default.AttachRequest);
            await WriteAsync(context, await agent.AttachAsync(caller, request, HeartbeatKeys.Of(caller.Session)), BoardJson.Default.BoardAnnouncement);
        }));
        control.MapPost(Relative(BoardPaths.Detach), context => AnswerAsync(context, () => agent.DetachAsync(Caller(context))));

        Map(BoardPaths.Models, async context => await WriteAsync(
            context, await agent.OfferAsync(Read(context, BoardJson.Default.ModelOffer), context.RequestAborted), BoardJson.Default.ModelAnswer));
        Map(BoardPaths.Statistics, context => WriteAsync(context, agent.Statistics(Model(context)), BoardJson.Default.ShareStatistics));
        Map(BoardPaths.Links, context => WriteAsync(context, agent.Links(Model(context)), BoardJson.Default.SessionLinks));
        Map(BoardPaths.Plans, context => Run(() => agent.Prepare(Model(context), Plan.FromJson(Encoding.UTF8.GetString(Body(context).Span)))));
        Map(BoardPaths.Commit, context => Run(() => agent.Share(Model(context)).Commit(Number(context))));
        Map(BoardPaths.Retire, context => Run(() => agent.Share(Model(context)).Retire()));
        Map(BoardPaths.Abandon, context => Run(() => agent.Abandon(Model(context), Number(context))));
        Map(BoardPaths.Register, async context => await WriteAsync(
            context, agent.Register(Model(context), Read(context, BoardJson.Default.ShardSlice)), BoardJson.Default.RegisterAnswer));
        Map(BoardPaths.Unregister, async context =>
        {
            UnregisterRequest request = Read(context, BoardJson.Default.UnregisterRequest);
            agent.Share(Model(context)).Unregister(request.Slice, request.UntilRetired);
        });
        Map(BoardPaths.Slices, context => agent.StoreAsync(Model(context), Query(context, "piece"), context.Request.Body, context.RequestAborted));
        Map(BoardPaths.KvExport, async context =>
        {
            ExportRequest request = Read(context, BoardJson.Default.ExportRequest);
            await context.Response.Body.WriteAsync(
                KvCodec.WriteBlocks(request.Slice, await agent.Share(Model(context)).ExportKvAsync(request.Slice, request.Known)));
        });
        Map(BoardPaths.KvImport, async context =>
        {
            (ShardSlice slice, IReadOnlyList<KvBlock> blocks) = KvCodec.ReadBlocks(Body(context));
            IReadOnlyList<KvMark> marks = await agent.Share(Model(context)).ImportKvAsync(slice, blocks);
            await WriteAsync(context, new ImportAnswer([.. marks]), BoardJson.Default.ImportAnswer);
        });
        Map(BoardPaths.Sessions, context => agent.OpenSessionAsync(Read(context, BoardJson.Default.SessionRequest), context.RequestAborted));
        Map(BoardPaths.Close, context => agent.CloseAsync(Session(context)));

        void Map(string path, Func<HttpContext, Task> handle) => control.MapPost(Relative(path), context => AnswerAsync(context, () =>
        {
            agent.Check(Caller(context));
            return handle(context);
        }));
    }

    private static async Task AnswerAsync(HttpContext context, Func<Task> handle)
    {
        try
        {
            await handle();
        }
        catch (Exception fault) when (StatusOf(fault) is { } status)
        {
            context.Response.StatusCode = status;
            await WriteAsync(context, new FaultText(fault.Message), BoardJson.Default.FaultText);
        }
    }

    private static int? StatusOf(Exception fault) => fault switch
    {
        StepException => BoardStatus.Step,
        NotAttachedException => BoardStatus.NotAttached,
        PlanDoesNotFitException or NoRoomException => BoardStatus.PlanDoesNotFit,
        BoardBusyException => BoardStatus.Busy,
        DatagramsBlockedException { InvolvesHead: true } => BoardStatus.HeadBlocked,
        StreamConnectException or DatagramsBlockedException => BoardStatus.PeersApart,
        _ => null,
    };

    private static Task Run(Action action)
    {
        action();
        return Task.CompletedTask;
    }

    private static string Relative(string path) => path[BoardPaths.Prefix.Length..];

    private static ControlCaller Caller(HttpContext context) => context.ControlCaller();

    private static string Model(HttpContext context) => Query(context, "model");

    private static int Number(HttpContext context) => int.TryParse(Query(context, "version"), out int version)
        ? version
        : throw new BadHttpRequestException("version is no number.");

    private static Guid Session(HttpContext context) => Guid.TryParse(Query(context, "session"), out Guid id)
        ? id
        : throw new BadHttpRequestException("session is no session's id.");

    private static string Query(HttpContext context, string name) => context.Request.Query[name] is [{ Length: > 0 } value]
        ? value
        : throw new BadHttpRequestException($"The query has no {name}.");

    private static ReadOnlyMemory<byte> Body(HttpContext context) => Caller(context).Body;

    private static T Read<T>(HttpContext context, JsonTypeInfo<T> type) =>
        JsonSerializer.Deserialize(Body(context).Span, type) ?? throw new JsonException("The body is null.");

    private static Task WriteAsync<T>(HttpContext context, T value, JsonTypeInfo<T> type) =>
        context.Response.WriteAsJsonAsync(value, type, cancellationToken: context.RequestAborted);
}
