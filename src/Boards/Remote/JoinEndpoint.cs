using System.Net;
using System.Text.Json;
using Halo.Boards.Control;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Halo.Boards.Remote;

/// <summary>Where a head process hears of boards that want to be taken into its service.</summary>
public static class JoinEndpoint
{
    /// <summary>Adds the handshake and the join request, which needs a control session.</summary>
    /// <param name="routes">The application.</param>
    /// <param name="server">Whom the control channel knows.</param>
    /// <param name="join">Takes a board in, by name, process and address; null where it is in service, else why not.</param>
    public static void MapHaloJoin(this IEndpointRouteBuilder routes, ControlServer server, Func<string, string, Uri, Task<string?>> join)
    {
        routes.MapHaloHandshake(server);
        routes.MapHaloControl(server, BoardPaths.Prefix).MapPost(BoardPaths.Join[BoardPaths.Prefix.Length..], async (HttpContext context) =>
        {
            ControlCaller caller = context.ControlCaller();
            JoinRequest request = JsonSerializer.Deserialize(caller.Body.Span, BoardJson.Default.JoinRequest) ?? throw new JsonException("The body is null.");
            string host = request.Host ?? HostOf(context.Connection.RemoteIpAddress ?? IPAddress.Loopback);
            string url = $"{(request.Tls ? Uri.UriSchemeHttps : Uri.UriSchemeHttp)}://{host}:{request.Port}";
            if (!Uri.TryCreate(url, UriKind.Absolute, out Uri? address))
            {
                throw new BadHttpRequestException($"{url} is no address.");
            }

            if (await join(caller.Name, caller.InstanceId, address) is { } reason)
            {
                context.Response.StatusCode = StatusCodes.Status409Conflict;
                await context.Response.WriteAsJsonAsync(new FaultText(reason), BoardJson.Default.FaultText);
            }
        });
    }

    private static string HostOf(IPAddress address)
    {
        IPAddress plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return plain.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? $"[{plain}]" : plain.ToString();
    }
}
