using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Halo.Cli.Hosting;
using Halo.Inference.Probes;
using Halo.Inference.Quantization;
using Halo.Inference.Threading;

namespace Halo.Cli.Bench;

/// <summary>
/// <c>halo bench attention</c>: the attention of one layer over random keys and values, in turn with a loop that only reads them, so that whatever
/// else the machine does falls on both alike.
/// </summary>
internal static class AttentionCommand
{
    private const int WarmUpRounds = 20;
    private const double BatchSeconds = 0.002; // of calls timed together: far above the clock's step

    internal static Command Create()
    {
        Option<int> headDim = CommandOptions.Number("--head-dim", "Elements of a head.", 64, size => size is >= 1 and <= 512, "a whole number from 1 to 512");
        Option<int> heads = CommandOptions.Number("--heads", "Query heads.", 32, count => count is >= 1 and <= 1024, "a whole number from 1 to 1024");
        Option<int> kvHeads = CommandOptions.Number("--kv-heads", "Key and value heads.", 8, count => count is >= 1 and <= 1024, "a whole number from 1 to 1024");
        Option<int[]> positions = CommandOptions.NumberList(
            "--positions", "Lengths of the sequence.", [64, 512, 2048], length => length is >= 1 and <= 1 << 20, "whole numbers from 1 to 1048576, comma-separated");
        Option<KvType> kvType = CommandOptions.KvType();
        Option<int> rows = CommandOptions.Number("--rows", "Rows of a step: 1 for decode, more for prefill.", 1, count => count is >= 1 and <= 512, "a whole number from 1 to 512");
        Option<int> threads = CommandOptions.Threads();
        Option<int> rounds = CommandOptions.Number("--rounds", "Rounds after the warm-up.", 21, count => count >= 1, "a whole number, 1 or more");
        Option<bool> json = CommandOptions.Json();
        Command command = new("attention", "Time the attention of one layer beside a loop that only reads its keys and values.")
        {
            headDim, heads, kvHeads, positions, kvType, rows, threads, rounds, json,
        };
        command.SetAction(parsed =>
        {
            AttentionSetting setting = new(
                parsed.GetValue(headDim), parsed.GetValue(heads), parsed.GetValue(kvHeads), parsed.GetValue(rows), parsed.GetValue(kvType),
                parsed.GetValue(threads), parsed.GetValue(rounds));
            if (setting.Heads % setting.KvHeads != 0)
            {
                throw new CommandFault($"--heads is {setting.Heads}; it must be a multiple of --kv-heads, {setting.KvHeads}.");
            }

            if (parsed.GetValue(positions)!.Min() < setting.Rows)
            {
                throw new CommandFault($"--rows is {setting.Rows}; the sequence must have as many --positions or more.");
            }

            Print(CommandConsole.Of(parsed), Measure(setting, parsed.GetValue(positions)!), parsed.GetValue(json));
            return CommandHost.Success;
        });
        return command;
    }

    private static AttentionReport Measure(AttentionSetting setting, int[] positions)
    {
        using WorkerTeam team = new(setting.Threads, "bench", spin: true);
        List<AttentionResult> results = [];
        long allocated = 0;
        foreach (int length in positions)
        {
            using AttentionProbe probe = new(setting.HeadDim, setting.Heads, setting.KvHeads, length, setting.Rows, setting.KvType, team);
            double[] attention = new double[setting.Rounds];
            double[] reading = new double[setting.Rounds];
            Action attend = probe.Attend;
            Action read = () => probe.Read();
            int attendCalls = Calls(attend);
            int readCalls = Calls(read);
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int round = 0; round < setting.Rounds; round++)
            {
                attention[round] = Time(attend, attendCalls);
                reading[round] = Time(read, readCalls);
            }

            allocated += GC.GetAllocatedBytesForCurrentThread() - before;
            double seconds = Median(attention);
            results.Add(new AttentionResult(length, probe.KvBytes, seconds * 1e6, probe.KvBytes / seconds / 1e9, probe.KvBytes / Median(reading) / 1e9));
        }

        return new AttentionReport(
            setting.HeadDim, setting.Heads, setting.KvHeads, setting.Rows, setting.KvType.ToString(), setting.Threads, allocated, results);
    }

    // Calls of one batch; finding it out warms up.
    private static int Calls(Action action)
    {
        double seconds = double.MaxValue;
        for (int round = 0; round < WarmUpRounds; round++)
        {
            seconds = Math.Min(seconds, Time(action, 1));
        }

        return Math.Max(1, (int)(BatchSeconds / seconds));
    }

    private static double Time(Action action, int calls)
    {
        long start = Stopwatch.GetTimestamp();
        for (int call = 0; call < calls; call++)
        {
            action();
        }

        return Stopwatch.GetElapsedTime(start).TotalSeconds / calls;
    }

    private static double Median(double[] values)
    {
        Array.Sort(values);
        return values[values.Length / 2];
    }

    private static void Print(CommandConsole console, AttentionReport report, bool json)
    {
        if (json)
        {
            console.Output.WriteLine(JsonSerializer.Serialize(report, AttentionJson.Default.AttentionReport));
            return;
        }

        TextTable table = new TextTable().Numbers("positions", "KV bytes", "us a layer", "GB/s of KV", "read loop GB/s", "x read loop");
        foreach (AttentionResult result in report.Results)
        {
            table.Row(
                string.Create(CultureInfo.InvariantCulture, $"{result.Positions}"),
                string.Create(CultureInfo.InvariantCulture, $"{result.KvBytes:N0}"),
                string.Create(CultureInfo.InvariantCulture, $"{result.Microseconds:0.0}"),
                string.Create(CultureInfo.InvariantCulture, $"{result.GigabytesPerSecond:0.0}"),
                string.Create(CultureInfo.InvariantCulture, $"{result.ReadGigabytesPerSecond:0.0}"),
                string.Create(CultureInfo.InvariantCulture, $"{result.ReadRatio:0.00}"));
        }

        console.Answer(table);
    }

    private sealed record AttentionSetting(int HeadDim, int Heads, int KvHeads, int Rows, KvType KvType, int Threads, int Rounds);
}
