using System.Text.Json;

namespace Halo.EndToEnd.Tests.Silos;

/// <summary>A board as <c>/v1/boards</c> shows it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="State"><c>alive</c>, <c>connecting</c>, <c>suspect</c> or <c>dead</c>.</param>
/// <param name="IsHead">Whether steps start there.</param>
/// <param name="Shards">Shards it holds; -1 where it did not say.</param>
/// <param name="PlanVersion">The plan it steps under; 0 for none, -1 where it did not say.</param>
/// <param name="ReceivedWeightBytes">Weights that were sent to it.</param>
/// <param name="SentBytes">Bytes of datagrams sent, over all its links.</param>
internal sealed record BoardSight(string Name, string State, bool IsHead, int Shards, int PlanVersion, long ReceivedWeightBytes, long SentBytes)
{
    /// <summary>Whether it takes part in steps.</summary>
    internal bool Serves => State == "alive" && Shards >= 0 && PlanVersion > 0;

    internal static BoardSight Of(JsonElement board)
    {
        JsonElement[] models = board.GetProperty("models") is { ValueKind: JsonValueKind.Array } array ? [.. array.EnumerateArray()] : [];
        bool answered = board.GetProperty("models").ValueKind == JsonValueKind.Array;
        JsonElement? model = models.Where(entry => entry.GetProperty("model").GetString() == Story.Model).Select(entry => (JsonElement?)entry).FirstOrDefault();
        return new BoardSight(
            board.GetProperty("name").GetString()!,
            board.GetProperty("state").GetString()!,
            board.GetProperty("is_head").GetBoolean(),
            model?.GetProperty("shards").GetInt32() ?? (answered ? 0 : -1),
            model?.GetProperty("plan_version").GetInt32() ?? (answered ? 0 : -1),
            model?.GetProperty("received_weight_bytes").GetInt64() ?? 0,
            model?.GetProperty("links").EnumerateArray().Sum(link => link.GetProperty("sent_bytes").GetInt64()) ?? 0);
    }
}
