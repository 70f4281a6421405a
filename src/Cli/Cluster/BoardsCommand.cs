using System.CommandLine;
using System.Globalization;
using Halo.Cli.Hosting;

namespace Halo.Cli.Cluster;

/// <summary><c>halo boards</c>: which boards a gateway has, how they stand to it, and what they hold.</summary>
internal static class BoardsCommand
{
    private const string DefaultGateway = "http://127.0.0.1:8080";

    internal static Command Create()
    {
        Option<Uri> gateway = new("--gateway")
        {
            Description = $"The gateway to ask. [default: {DefaultGateway}]",
            HelpName = "URL",
            Arity = ArgumentArity.ExactlyOne,
            DefaultValueFactory = _ => new Uri(DefaultGateway),
            CustomParser = result => CommandOptions.Read(result, "--gateway", $"an address such as {DefaultGateway}", text =>
                (Uri.TryCreate(text, UriKind.Absolute, out Uri? uri) && uri.Scheme is "http" or "https", uri!)),
        };
        Option<bool> json = new("--json") { Description = "Print the gateway's answer as it is instead of a table." };
        Option<bool> links = new("--links") { Description = "Show all that is known of the links, a row for each direction of each." };
        Command command = new("boards", "List the boards of a gateway, and what they know of their links.") { gateway, links, json };
        command.SetAction((parsed, cancellationToken) => RunAsync(
            CommandConsole.Of(parsed), parsed.GetRequiredValue(gateway), parsed.GetValue(links), parsed.GetValue(json), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(CommandConsole console, Uri gateway, bool links, bool json, CancellationToken cancellationToken)
    {
        (string text, IReadOnlyList<ListedBoard> boards) = await GatewayClient.BoardsAsync(gateway, cancellationToken);
        if (json)
        {
            console.Output.WriteLine(text);
        }
        else
        {
            console.Answer(Table(boards));
            ShowLinks(console, boards, links);
        }

        return CommandHost.Success;
    }

    private static TextTable Table(IReadOnlyList<ListedBoard> boards)
    {
        TextTable table = new TextTable().Words("board", "address").Numbers("cores", "GB/s", "memory MB", "shards", "RTT ms").Words("state");
        foreach (ListedBoard board in boards)
        {
            bool wasReached = board.Cores > 0;
            table.Row(
                board.Name.Length > 0 ? board.Name : "?",
                board.Address ?? "in the gateway",
                wasReached ? $"{board.Cores}" : "?",
                wasReached ? $"{board.GigabytesPerSecond:0.0}" : "?",
                wasReached ? $"{board.MemoryBytes / 1e6:0}" : "?",
                board.Models is { } models ? $"{models.Sum(model => model.Shards)}" : "?",
                board.RoundTripMs is { } roundTrip ? string.Create(CultureInfo.InvariantCulture, $"{roundTrip:0.0}") : "-",
                State(board));
        }

        return table;
    }

    // Model by model: how sums travel, why not as was asked, and how good the links are.
    private static void ShowLinks(CommandConsole console, IReadOnlyList<ListedBoard> boards, bool full)
    {
        foreach (IGrouping<string, (string Board, ListedModel Model)> known in boards
            .SelectMany(board => (board.Models ?? []).Select(model => (Board: board.Name, Model: model))).GroupBy(entry => entry.Model.Model))
        {
            if (known.FirstOrDefault(entry => entry.Model.Transport is not null).Model is { } joined)
            {
                string how = string.Join(", ", new[] { joined.Transport, joined.Topology, joined.Policy }.OfType<string>());
                console.Output.WriteLine(Printable.OneLine($"{known.Key}: {how}"));
            }

            foreach (string note in known.Select(entry => entry.Model.Note).OfType<string>())
            {
                console.Output.WriteLine(Printable.OneLine($"{known.Key}: {note}"));
            }

            (string Board, ListedModel Model)[] linked = [.. known.Where(entry => entry.Model.Links is { Count: > 0 })];
            if (linked.Length > 0)
            {
                console.Answer(full ? LinkTables.Full(linked) : LinkTables.Matrix(linked));
            }
        }
    }

    // The address has a column of its own.
    private static string State(ListedBoard board) => board.Reason is not { } reason
        ? board.State + (board.IsHead ? ", head" : "")
        : $"{board.State}: {(reason.StartsWith($"{board.Address}: ", StringComparison.Ordinal) ? reason[$"{board.Address}: ".Length..] : reason)}";
}
