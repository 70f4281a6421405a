using System.Text;
using Halo.Grains;
using Halo.Planning.Assignment;

namespace Halo.Gateway.Serving;

/// <summary>What a person reads at the console.</summary>
internal static class StartupText
{
    /// <summary>A model is ready: what runs where, and lines to paste.</summary>
    public static string Ready(ModelStatus status, Plan plan, string address)
    {
        string url = $"{Reachable(address)}/v1/completions";
        StringBuilder text = new();
        text.AppendLine();
        text.AppendLine($"{status.Name} is ready: {plan.Boards.Count} boards, {plan.Shards.Count} shards, context {status.ContextLength}");
        foreach (string board in plan.Boards)
        {
            text.AppendLine($"  {board}: {plan.ShardsOf(board).Count()} shards{(board == plan.HeadBoard ? ", head board" : "")}");
        }

        text.AppendLine($"Serving on {address} (Ctrl+C stops). Try:");
        text.AppendLine();
        text.AppendLine(Curl("-s", url, $$"""{"model":"{{status.Name}}","prompt":"Once upon a time","max_tokens":48,"temperature":0}"""));
        text.AppendLine(Curl("-sN", url, $$"""{"model":"{{status.Name}}","prompt":"Once upon a time","max_tokens":48,"stream":true}"""));
        return text.ToString();
    }

    private static string Curl(string switches, string url, string body) => $"curl {switches} {url} -H 'Content-Type: application/json' -d '{body}'";

    // An address to bind to is not always one to connect to.
    private static string Reachable(string address) => address
        .Replace("://0.0.0.0", "://127.0.0.1", StringComparison.Ordinal)
        .Replace("://[::]", "://localhost", StringComparison.Ordinal)
        .Replace("://+", "://localhost", StringComparison.Ordinal)
        .Replace("://*", "://localhost", StringComparison.Ordinal)
        .TrimEnd('/');
}
