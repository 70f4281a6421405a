using System.Text;
using Halo.Boards.Control;
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
        BoardShares shares = agent.Shares;
        routes.MapHaloHandshake(server);
        RouteGroupBuilder control = routes.MapHaloControl(server, BoardPaths.Prefix);
        control.MapPost(BoardExchange.Relative(BoardPaths.Attach), context => BoardExchange.AnswerAsync(context, async () =>
        {
            ControlCaller caller = context.ControlCaller();
            AttachRequest request = context.Read(BoardJson.Default.AttachRequest);
            await context.WriteAsync(await agent.AttachAsync(caller, request, HeartbeatKeys.Of(caller.Session)), BoardJson.Default.BoardAnnouncement);
        }));
        control.MapPost(BoardExchange.Relative(BoardPaths.Detach), context => BoardExchange.AnswerAsync(context, () => agent.DetachAsync(context.ControlCaller())));

        Map(BoardPaths.Models, async context => await context.WriteAsync(
            new ModelAnswer(await shares.OfferAsync(context.Read(BoardJson.Default.ModelOffer), context.RequestAborted)),
            BoardJson.Default.ModelAnswer));
        Map(BoardPaths.Statistics, context => context.WriteAsync(shares.Statistics(context.Model()), BoardJson.Default.ShareStatistics));
        Map(BoardPaths.Links, context => context.WriteAsync(shares.Links(context.Model()), BoardJson.Default.SessionLinks));
        Map(BoardPaths.Plans, context => Run(() => shares.Prepare(Plan.FromJson(Encoding.UTF8.GetString(context.Body().Span)))));
        Map(BoardPaths.Commit, context => Run(() => shares.Share(context.Model()).Commit(context.Version())));
        Map(BoardPaths.Retire, context => Run(() => shares.Share(context.Model()).Retire()));
        Map(BoardPaths.Abandon, context => Run(() => shares.Abandon(context.Model(), context.Version())));
        Map(BoardPaths.Register, async context => await context.WriteAsync(
            shares.Register(context.Model(), context.Read(BoardJson.Default.ShardSlice)), BoardJson.Default.RegisterAnswer));
        Map(BoardPaths.Unregister, async context =>
        {
            UnregisterRequest request = context.Read(BoardJson.Default.UnregisterRequest);
            shares.Share(context.Model()).Unregister(request.Slice, request.UntilRetired);
        });
        Map(BoardPaths.Slices, context => shares.StoreAsync(context.Model(), context.Query("piece"), context.Request.Body, context.RequestAborted));
        Map(BoardPaths.KvExport, async context =>
        {
            ExportRequest request = context.Read(BoardJson.Default.ExportRequest);
            await context.Response.Body.WriteAsync(
                KvCodec.WriteBlocks(request.Slice, await shares.Share(context.Model()).ExportKvAsync(request.Slice, request.Known)));
        });
        Map(BoardPaths.KvImport, async context =>
        {
            (ShardSlice slice, IReadOnlyList<KvBlock> blocks) = KvCodec.ReadBlocks(context.Body());
            IReadOnlyList<KvMark> marks = await shares.Share(context.Model()).ImportKvAsync(slice, blocks);
            await context.WriteAsync(new ImportAnswer([.. marks]), BoardJson.Default.ImportAnswer);
        });
        Map(BoardPaths.Sessions, context => shares.OpenSessionAsync(context.Read(BoardJson.Default.SessionRequest), context.RequestAborted));
        Map(BoardPaths.Close, context => shares.CloseAsync(context.SessionId()));

        void Map(string path, Func<HttpContext, Task> handle) => control.MapPost(BoardExchange.Relative(path), context => BoardExchange.AnswerAsync(context, () =>
        {
            agent.Check(context.ControlCaller());
            return handle(context);
        }));
    }

    private static Task Run(Action action)
    {
        action();
        return Task.CompletedTask;
    }
}
