namespace Halo.Gateway.Contracts;

/// <summary>The answer to <c>GET /v1/models</c>.</summary>
internal sealed record ModelList(IReadOnlyList<ModelEntry> Data)
{
    public string Object { get; } = "list";
}

/// <summary>One model.</summary>
/// <param name="Id">The name to ask for it by.</param>
/// <param name="Created">When this service began to serve it, in seconds since 1970.</param>
internal sealed record ModelEntry(string Id, long Created)
{
    public string Object { get; } = "model";

    public string OwnedBy { get; } = "halo";
}

/// <summary>The answer to <c>/healthz</c> and <c>/readyz</c>.</summary>
/// <param name="Status"><c>ok</c>, <c>ready</c> or <c>unavailable</c>.</param>
/// <param name="Reason">Why not, where it is unavailable.</param>
internal sealed record HealthReport(string Status, string? Reason);
