using System.Text;
using Halo.Grains;
using Halo.Planning.Assignment;
using Halo.Silo.Membership;

namespace Halo.Gateway.Serving;

/// <summary>What a person reads at the console.</summary>
internal static class StartupText
{
    /// <summary>A model is ready: what runs where, and lines to paste.</summary>
    /// <param name="status">The model.</param>
    /// <param name="plan">Its plan.</param>
    /// <param name="boards">The boards, for their addresses.</param>
    /// <param name="address">Where the gateway serves.</param>
    public static string Ready(ModelStatus status, Plan plan, IReadOnlyList<BoardView> boards, string address)
    {
        string url = $"{Reachable(address)}/v1/completions";
        StringBuilder text = new();
        text.AppendLine();
        text.AppendLine($"{status.Name} is ready: {plan.Boards.Count} boards, {plan.Shards.Count} shards, context {status.ContextLength}");
        foreach (string board in plan.Boards)
        {
            Uri? where = boards.FirstOrDefault(view => view.Name == board)?.Address;
            string place = where is null ? "" : $" at {where.GetLeftPart(UriPartial.Authority)}";
            text.AppendLine($"  {board}{place}: {plan.ShardsOf(board).Count()} shards{(board == plan.HeadBoard ? ", head board" : "")}");
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
