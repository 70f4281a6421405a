using Halo.Gateway.Contracts;
using Halo.Gateway.Serving;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Halo.Gateway.Endpoints;

/// <summary><c>/healthz</c>: this process answers. <c>/readyz</c>: completions can be served now, or why not.</summary>
internal static class HealthApi
{
    public static JsonHttpResult<HealthReport> Health() => Answer(new HealthReport("ok", null), StatusCodes.Status200OK);

    public static async Task<JsonHttpResult<HealthReport>> ReadyAsync(Readiness readiness) => await readiness.FaultAsync() is { } fault
        ? Answer(new HealthReport("unavailable", fault), StatusCodes.Status503ServiceUnavailable)
        : Answer(new HealthReport("ready", null), StatusCodes.Status200OK);

    private static JsonHttpResult<HealthReport> Answer(HealthReport report, int statusCode) =>
        TypedResults.Json(report, GatewayJson.Of<HealthReport>(), statusCode: statusCode);
}
