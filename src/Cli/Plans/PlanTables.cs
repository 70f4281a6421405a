using System.Globalization;
using Halo.Cli.Hosting;

namespace Halo.Cli.Plans;

/// <summary>A plan as tables.</summary>
internal static class PlanTables
{
    internal static void Print(CommandConsole console, PlanReport report)
    {
        console.Output.WriteLine(Printable.OneLine(
            $"{report.Model} on {report.Boards.Count} boards, placement {report.Placement}, KV for {report.KvPositions.ToString("N0", CultureInfo.InvariantCulture)} positions; groups are those of a layer:"));
        console.Answer(Boards(report));
        console.Output.WriteLine();
        console.Output.WriteLine($"A token, policy {report.Policy}, {report.Topology}{Times(report.Time.Copies)}, in ms:");
        console.Answer(Time(report.Time));
        if (report.ExpectedLostShare is not { } expected)
        {
            return;
        }

        console.Output.WriteLine();
        console.Output.WriteLine($"Importance lost where each sum is sent once: {Percent(expected)}; under this policy: {Percent(report.LostShare!.Value)}.");
        console.Output.WriteLine(report.PerplexityRise is { } rise
            ? $"Perplexity: {Percent(rise)} more."
            : "Perplexity: not known, as the model's sensitivity is not.");
    }

    private static TextTable Boards(PlanReport report)
    {
        TextTable table = new TextTable().Words("board")
            .Numbers("heads", "neurons", "tokens", "shards", "replicas", "memory MB", "of MB", "streamed MB", "loss", "importance", "lost");
        foreach (PlannedBoard board in report.Boards)
        {
            table.Row(
                board.Name == report.HeadBoard ? $"{board.Name} (head)" : board.Name,
                $"{board.HeadGroups}",
                $"{board.NeuronGroups}",
                $"{board.TokenGroups}",
                $"{board.Shards}",
                $"{board.ReplicaGroups}",
                Number(board.MemoryBytes / 1e6),
                Number(board.MemoryLimitBytes / 1e6),
                Number(board.StreamedBytes / 1e6),
                Percent(board.Loss),
                board.Importance is { } importance ? Percent(importance) : "-",
                board.ExpectedLostShare is { } lost ? Percent(lost) : "-");
        }

        return table;
    }

    private static TextTable Time(PlannedTime time) => new TextTable()
        .Numbers("weights", "delays", "datagrams", "waits", "TPOT", "T0", "x T0", "processors")
        .Row(
            Number(time.ComputeMs), Number(time.DelayMs), Number(time.DatagramMs), Number(time.WaitMs), Number(time.TpotMs), Number(time.T0Ms),
            string.Create(CultureInfo.InvariantCulture, $"{time.TpotMs / time.T0Ms:0.00}"), Number(time.ProcessorMs));

    private static string Times(int copies) => copies == 1 ? "" : $", each datagram sent {copies} times at once";

    private static string Number(double value) => string.Create(CultureInfo.InvariantCulture, $"{value:0.0}");

    private static string Percent(double share) => string.Create(CultureInfo.InvariantCulture, $"{share * 100:0.00} %");
}
