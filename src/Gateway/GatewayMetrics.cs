using System.Diagnostics.Metrics;

namespace Halo.Gateway;

/// <summary>The gateway's meter, <c>Halo.Gateway</c>.</summary>
internal sealed class GatewayMetrics : IDisposable
{
    private readonly Meter _meter;
    private readonly Counter<long> _requests;
    private readonly Counter<long> _tokens;
    private readonly Histogram<double> _timeToFirstToken;
    private readonly Histogram<double> _timePerOutputToken;

    public GatewayMetrics(IMeterFactory meters)
    {
        _meter = meters.Create("Halo.Gateway");
        _requests = _meter.CreateCounter<long>("halo.gateway.requests", "{request}", "Requests answered, by HTTP status.");
        _tokens = _meter.CreateCounter<long>("halo.gateway.tokens", "{token}", "Tokens of finished choices, by kind: prompt or completion.");
        _timeToFirstToken = _meter.CreateHistogram<double>("halo.gateway.time_to_first_token", "s", "From the request to a choice's first piece.");
        _timePerOutputToken = _meter.CreateHistogram<double>(
            "halo.gateway.time_per_output_token", "s", "From a choice's first piece to its last, over the tokens between them.");
    }

    public void RequestAnswered(int statusCode) => _requests.Add(1, new KeyValuePair<string, object?>("http.response.status_code", statusCode));

    public void PromptTokens(int count) => _tokens.Add(count, new KeyValuePair<string, object?>("kind", "prompt"));

    public void CompletionTokens(int count) => _tokens.Add(count, new KeyValuePair<string, object?>("kind", "completion"));

    public void FirstPiece(TimeSpan sinceRequest) => _timeToFirstToken.Record(sinceRequest.TotalSeconds);

    public void LastPiece(TimeSpan sinceFirst, int completionTokens)
    {
        if (completionTokens > 1)
        {
            _timePerOutputToken.Record(sinceFirst.TotalSeconds / (completionTokens - 1));
        }
    }

    public void Dispose() => _meter.Dispose();
}
