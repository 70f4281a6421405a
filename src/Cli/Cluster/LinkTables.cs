using System.Globalization;
using Halo.Cli.Hosting;

namespace Halo.Cli.Cluster;

/// <summary>What boards know of their links, as tables: at a glance, or in full.</summary>
internal static class LinkTables
{
    /// <summary>Loss and round trip from the board of a row to the board of a column, for one model.</summary>
    /// <param name="known">What each board tells of the model, by the board's name; those without links are left out.</param>
    internal static TextTable Matrix(IReadOnlyList<(string Board, ListedModel Model)> known)
    {
        string[] columns = [.. known.SelectMany(from => Links(from.Model).Select(link => link.Board)).Distinct().Order(StringComparer.Ordinal)];
        TextTable table = new TextTable().Words(["lost %, RTT ms", .. columns.Select(column => $"to {column}")]);
        foreach ((string board, ListedModel model) in known)
        {
            table.Row([$"from {board}", .. columns.Select(column => Links(model).FirstOrDefault(link => link.Board == column) is { } link
                ? $"{Percent(link.OutgoingLoss)}, {Milliseconds(link.RoundTripMs)}"
                : "-")]);
        }

        return table;
    }

    /// <summary>Everything, a row for each directed pair.</summary>
    /// <param name="known">As for <see cref="Matrix"/>.</param>
    internal static TextTable Full(IReadOnlyList<(string Board, ListedModel Model)> known)
    {
        TextTable table = new TextTable().Words("from", "to").Numbers(
            "lost %", "incast %", "in a row", "RTT ms", "+-", "copies", "kB/s", "datagrams", "resent", "copied", "carried", "recovered", "filled");
        foreach ((string board, ListedModel model) in known)
        {
            foreach (ListedLink link in Links(model))
            {
                table.Row(
                    board, link.Board, Percent(link.OutgoingLoss), Percent(link.OutgoingIncastLoss), Number(link.OutgoingBurst), Milliseconds(link.RoundTripMs), Number(link.RoundTripDeviationMs),
                    Number(link.Copies, "0"), Number(link.OutgoingBytesPerSecond / 1e3), Number(link.SentDatagrams, "0"), Number(link.ResentChunks, "0"), Number(link.CopiedChunks, "0"),
                    Number(link.CarriedChunks, "0"), Number(link.RecoveredChunks, "0"), Number(link.FilledChunks, "0"));
            }
        }

        return table;
    }

    private static IReadOnlyList<ListedLink> Links(ListedModel model) => model.Links ?? [];

    private static string Percent(double share) => Number(share * 100);

    private static string Milliseconds(double value) => value > 0 ? Number(value) : "?";

    private static string Number(double value, string format = "0.0") => value.ToString(format, CultureInfo.InvariantCulture);
}
