using System.CommandLine;
using System.Diagnostics;
using Halo.Cli.Hosting;
using Halo.Lab;
using Halo.Lab.Net;

namespace Halo.Cli.Lab;

/// <summary><c>halo lab net</c>: a network of namespaces with bad links, for any program; lines on stdin change it while it runs.</summary>
internal static class NetCommand
{
    private const int CheckedDatagrams = 10_000;

    internal static Command Create()
    {
        LinkChoices links = new();
        Option<double> loss = LinkChoices.Percent("--loss", "Percentage of packets lost, each on its own.");
        Option<bool> check = new("--check") { Description = "Measure the network with real packets and end." };
        Argument<string[]> program = new("COMMAND")
        {
            Description = "A program, after '--', to run in board 1's network; the laboratory ends with it. Without one it runs until Ctrl+C.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        Command command = new("net", "Join network namespaces by links with delay and loss. Needs root.") { program };
        links.AddTo(command);
        command.Add(loss);
        command.Add(check);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            LinkSetting setting = links.Of(parsed);
            setting = setting with { Link = setting.Link with { Loss = parsed.GetValue(loss) / 100 } };
            CommandConsole console = CommandConsole.Of(parsed);
            try
            {
                using LabNetwork network = await CreateAsync(setting);
                string[] words = parsed.GetValue(program) ?? [];
                return parsed.GetValue(check)
                    ? await CheckAsync(console, network, setting, cancellationToken)
                    : await RunAsync(console, network, words, cancellationToken);
            }
            catch (LabException fault)
            {
                throw new CommandFault(fault.Message);
            }
        });
        return command;
    }

    private static async Task<LabNetwork> CreateAsync(LinkSetting setting)
    {
        // Not on this thread: Ctrl+C is listened to once the command has given it back, and must not find namespaces before.
        LabNetwork network = await Task.Run(() => LabNetwork.Create(setting.Boards, setting.Seed));
        try
        {
            await network.ChangeAsync((model, now) => setting.Apply(setting.Link, model, now));
            return network;
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    private static async Task<int> RunAsync(CommandConsole console, LabNetwork network, string[] words, CancellationToken cancellationToken)
    {
        TextTable table = new TextTable().Words("board", "address", "enter with");
        for (int i = 0; i < network.Boards.Count; i++)
        {
            table.Row($"{i + 1}", network.Boards[i].Address, $"ip netns exec {network.Boards[i].Name} COMMAND");
        }

        console.Note(table);
        console.Note($"Lines on stdin change it: {ChangeLine.Words}.");
        if (!network.IsRealTime)
        {
            console.Note("The router has no real-time priority; short delays are met less exactly.");
        }

        // Reading a console cannot be given up: the thread ends with the process.
        new Thread(() => ReadChanges(console, network)) { IsBackground = true }.Start();
        int code = CommandHost.Success;
        if (words.Length > 0)
        {
            code = await RunProgramAsync(network, words, cancellationToken);
        }
        else
        {
            try
            {
                await Task.Delay(Timeout.Infinite, cancellationToken);
            }
            catch (OperationCanceledException)
            {
                // Ctrl+C is how it ends.
            }
        }

        TrafficTotal traffic = network.Traffic;
        console.Note($"{traffic.Packets:N0} packets, {traffic.Bytes:N0} bytes, {traffic.Lost:N0} lost, {traffic.Dropped:N0} dropped by full queues");
        return code;
    }

    private static void ReadChanges(CommandConsole console, LabNetwork network)
    {
        while (Console.In.ReadLine() is { } line)
        {
            try
            {
                network.ChangeAsync((model, now) => ChangeLine.Apply(line, model, now)).GetAwaiter().GetResult();
            }
            catch (ArgumentException fault)
            {
                console.Note(fault.Message);
            }
        }
    }

    private static async Task<int> RunProgramAsync(LabNetwork network, string[] words, CancellationToken cancellationToken)
    {
        using Process process = StartProgram(network, words);
        process.StandardInput.Close(); // the lines on stdin are the laboratory's
        try
        {
            await process.WaitForExitAsync(cancellationToken);
            return process.ExitCode;
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }

    private static Process StartProgram(LabNetwork network, string[] words)
    {
        try
        {
            return network.Boards[0].Start(new ProcessStartInfo(words[0], words[1..]) { RedirectStandardInput = true });
        }
        catch (System.ComponentModel.Win32Exception fault)
        {
            throw new CommandFault($"'{words[0]}' cannot be started: {fault.Message}");
        }
    }

    private static async Task<int> CheckAsync(CommandConsole console, LabNetwork network, LinkSetting setting, CancellationToken cancellationToken)
    {
        NetworkCheck check = await NetworkCheck.MeasureAsync(network, CheckedDatagrams, cancellationToken);
        TextTable table = new TextTable().Words("what").Numbers("asked for", "measured");
        table.Row("median ping, ms", $"{2 * setting.Link.Delay.TotalMilliseconds:0.00}", check.MedianPing is { } ping ? $"{ping.TotalMilliseconds:0.00}" : "none");
        double share = setting.Link.Bursts?.BadShare ?? 0;
        table.Row($"loss of {check.DatagramsSent:N0} datagrams, %", $"{100 * (1 - ((1 - setting.Link.Loss) * (1 - share))):0.00}", $"{100 * check.Loss:0.00}");
        table.Row(
            "one TCP stream, Mbit/s",
            setting.Link.BitsPerSecond > 0 ? $"{setting.Link.BitsPerSecond / 1e6:0.0}" : "no limit",
            $"{check.BulkBitsPerSecond / 1e6:0.0}");
        console.Answer(table);
        console.Note(network.IsRealTime ? "The router has real-time priority." : "The router has no real-time priority.");
        return CommandHost.Success;
    }
}
