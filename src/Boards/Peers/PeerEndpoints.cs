using Halo.Boards.Control;
using Halo.Boards.Remote;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Halo.Boards.Peers;

/// <summary>The control endpoint of a silo's process: what boards ask of each other past the grains, because it is large or secret.</summary>
public static class PeerEndpoints
{
    /// <summary>Adds the handshake and the requests of other boards, which all need a control session.</summary>
    /// <param name="routes">The application.</param>
    /// <param name="server">Whom the control channel knows.</param>
    /// <param name="board">The board of this process.</param>
    public static void MapHaloPeers(this IEndpointRouteBuilder routes, ControlServer server, SiloBoard board)
    {
        routes.MapHaloHandshake(server);
        RouteGroupBuilder control = routes.MapHaloControl(server, BoardPaths.Prefix);
        Map(PeerPaths.Offer, async context => await context.WriteAsync(await board.MakeOfferAsync(context.Model()), BoardJson.Default.ModelOffer));
        Map(PeerPaths.Piece, async context => await context.Response.Body.WriteAsync(await board.CutAsync(context.Model(), context.Query("piece"))));
        Map(PeerPaths.Kv, async context =>
        {
            ExportRequest request = context.Read(BoardJson.Default.ExportRequest);
            await context.Response.Body.WriteAsync(
                KvCodec.WriteBlocks(request.Slice, await board.ExportKvAsync(context.Model(), request.Slice, request.Known)));
        });
        Map(PeerPaths.Sessions, context => board.Shares.OpenSessionAsync(context.Read(BoardJson.Default.SessionRequest), context.RequestAborted));
        Map(PeerPaths.Close, context => board.Shares.CloseAsync(context.SessionId()));

        void Map(string path, Func<HttpContext, Task> handle) =>
            control.MapPost(BoardExchange.Relative(path), context => BoardExchange.AnswerAsync(context, () => handle(context)));
    }
}
