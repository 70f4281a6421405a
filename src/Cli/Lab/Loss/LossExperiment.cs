using Halo.Cli.Hosting;
using Halo.Fabric.Streams;
using Halo.Inference.Gguf;
using Halo.Inference.Padding;
using Halo.Inference.Quantization;
using Halo.Lab;
using Halo.Lab.Bounds;
using Halo.Lab.Model;
using Halo.Lab.Net;
using Halo.Silo;

namespace Halo.Cli.Lab.Loss;

/// <summary>Runs the cells: one cluster for each policy and topology, its impairments changed from cell to cell.</summary>
internal sealed class LossExperiment(CommandConsole console, ModelFile model, LossSetting setting)
{
    // Compilation and page faults; then a little under each cell's own links, for what TCP learns of them.
    // One round is not enough: the runtime compiles hot code again, in the background, and the first cell's tokens took twice the others'.
    private const int WarmUpRounds = 6;
    private const int WarmUpTokens = 60;
    private const int SettlingTokens = 2;

    internal async Task<LossReport> RunAsync(CancellationToken cancellationToken)
    {
        string loadBefore = LoadAverage();
        HeadRun reference = await ReferenceAsync(cancellationToken);
        DirectoryInfo folder = Directory.CreateTempSubdirectory("halo-lab-");
        try
        {
            string padded = Path.Combine(folder.FullName, "padded.gguf");
            using (GgufFile source = GgufFile.Open(model.Path))
            {
                ModelPadder.Pad(source, setting.Shape, TensorType.Q8_0, padded, null, cancellationToken);
            }

            List<LossCell> cells = [];
            foreach (LossPolicy policy in setting.Policies)
            {
                foreach (Topology topology in setting.Topologies)
                {
                    cells.AddRange(await MeasureAsync(padded, policy, topology, reference, cancellationToken));
                }
            }

            return Report(cells, reference, loadBefore);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    internal static string PolicyName(LossPolicy policy) => policy switch
    {
        LossPolicy.Tcp => "tcp",
        LossPolicy.TcpLowRto => "tcp-low-rto",
        LossPolicy.Strict => "strict",
        LossPolicy.Relaxed => "relaxed",
        _ => "protected",
    };

    // The same tokens from the model itself, on one board in this process.
    private async Task<HeadRun> ReferenceAsync(CancellationToken cancellationToken)
    {
        HaloClusterOptions options = new() { Boards = 1, Threads = 1, KvPositions = ModelSession.KvPositions(1, HeadCommand.Prompt.Length + 2 + setting.Tokens) };
        await using ModelSession session = await ModelSession.StartAsync(model, options, console, cancellationToken);
        return await HeadCommand.GenerateAsync(session, setting.Tokens, cancellationToken);
    }

    private async Task<List<LossCell>> MeasureAsync(
        string padded, LossPolicy policy, Topology topology, HeadRun reference, CancellationToken cancellationToken)
    {
        await using LabCluster cluster = await LabCluster.StartAsync(
            setting.Network, padded, policy, topology, setting.Wire, Math.Max(setting.Tokens, WarmUpTokens), cancellationToken);
        for (int round = 0; round < WarmUpRounds; round++)
        {
            await cluster.GenerateAsync(WarmUpTokens, cancellationToken);
        }

        foreach (LinkSettings link in IsDatagram(policy) && setting.Network.Air is null ? WarmUpLinks() : [])
        {
            await cluster.SetAsync(setting.Network, link);
            await cluster.GenerateAsync(WarmUpTokens, cancellationToken);
            await cluster.GenerateAsync(WarmUpTokens, cancellationToken);
        }

        List<LossCell> cells = [];
        foreach (LinkSettings link in setting.Cells)
        {
            LossCell cell = new()
            {
                Policy = PolicyName(policy),
                Topology = topology.ToString().ToLowerInvariant(),
                LossPercent = link.Loss * 100,
                Bursts = link.Bursts is not null,
            };
            await cluster.SetAsync(setting.Network, link);
            cell = await MeasureAsync(cluster, cell, reference, cancellationToken);
            console.Note($"{cell.Policy}, {cell.Topology}, loss {cell.LossPercent:0.##} %{(cell.Bursts ? " and bad periods" : "")}: "
                + (cell.Fault ?? $"TPOT {cell.TpotMs:0.0} ms"));
            cells.Add(cell);
            if (cell.Fault is not null)
            {
                break; // what is still under way there would be measured with the next cell
            }
        }

        return cells;
    }

    // Copies, resends, relay and deadlines are code as well, which the first lossy cell would otherwise compile. TCP's is in the kernel.
    private IEnumerable<LinkSettings> WarmUpLinks()
    {
        LinkSettings link = setting.Network.Link with { Bursts = null, Loss = 0.05 };
        return [link, link with { Loss = 0, Bursts = new BurstSettings(TimeSpan.FromMilliseconds(10), 0.05) }, link with { Loss = 0 }];
    }

    private static bool IsDatagram(LossPolicy policy) => policy is not (LossPolicy.Tcp or LossPolicy.TcpLowRto);

    private async Task<LossCell> MeasureAsync(LabCluster cluster, LossCell cell, HeadRun reference, CancellationToken cancellationToken)
    {
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(setting.CellLimit);
        try
        {
            await cluster.GenerateAsync(SettlingTokens, limit.Token);
            Dictionary<string, long>? countsBefore = await cluster.CountAsync(limit.Token);
            TrafficTotal before = cluster.Traffic;
            TimeSpan busyBefore = cluster.ProcessorTime;
            HeadRun run = await cluster.GenerateAsync(setting.Tokens, limit.Token);
            TimeSpan busy = cluster.ProcessorTime - busyBefore;
            TrafficTotal after = cluster.Traffic;
            Dictionary<string, long>? countsAfter = await cluster.CountAsync(limit.Token);
            double[] sorted = [.. run.TokenMs.Order()];
            return cell with
            {
                TpotMs = run.TokenMs.Average(),
                TpotP50Ms = Quantile(sorted, 0.5),
                TpotP99Ms = Quantile(sorted, 0.99),
                TtftMs = run.FirstMs,
                ProcessorMsPerToken = busy.TotalMilliseconds / setting.Tokens,
                FramesPerToken = (double)(after.Packets - before.Packets) / setting.Tokens,
                BytesPerToken = (double)(after.Bytes - before.Bytes) / setting.Tokens,
                LostPackets = after.Lost - before.Lost,
                ChunksPerToken = LinkCounts.PerToken(countsBefore, countsAfter, setting.Tokens),
                Overflows = after.Overflows - before.Overflows,
                SameText = run.Tokens.AsSpan().SequenceEqual(reference.Tokens),
                SameTokens = run.Tokens.AsSpan().CommonPrefixLength(reference.Tokens),
            };
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return cell with { Fault = $"not done in {setting.CellLimit.TotalSeconds:0} s" };
        }
        catch (LabException fault)
        {
            return cell with { Fault = fault.Message };
        }
    }

    private LossReport Report(List<LossCell> cells, HeadRun reference, string loadBefore)
    {
        double[] lossFree = [.. cells.Where(cell => cell is { LossPercent: 0, Bursts: false, Fault: null }).Select(cell => cell.TpotMs)];
        double t0 = lossFree.Length > 0 ? lossFree.Min() : double.NaN;
        LinkSetting network = setting.Network;
        BurstSettings? bursts = network.Link.Bursts;
        return new LossReport(
            $"{model.Name} padded to {setting.Shape}, q8_0", network.Boards, network.Link.Delay.TotalMilliseconds, bursts?.MeanBad.TotalMilliseconds,
            bursts?.BadShare * 100, network.Air?.FrameCost.TotalMilliseconds, network.BadBoard + 1, setting.Wire.ToString(), setting.Tokens, network.Seed,
            Environment.ProcessorCount, loadBefore, LoadAverage(), t0, reference.Text,
            [.. cells.Select(cell => cell.Fault is null && lossFree.Length > 0 ? WithBounds(cell, cells, t0) : cell)]);
    }

    private LossCell WithBounds(LossCell cell, List<LossCell> cells, double t0)
    {
        cell = cell with { Ratio = cell.TpotMs / t0 };
        LossCell? lossFree = cells.Where(other => other is { LossPercent: 0, Bursts: false, Fault: null } && other.Topology == cell.Topology)
            .MinBy(other => other.TpotMs);
        if (lossFree is null || setting.Network.Air is not null)
        {
            return cell; // the bound knows nothing of air time
        }

        OracleTimes oracle = OracleBound.Compute(new BoundSetting
        {
            Boards = setting.Network.Boards,
            Stages = (2 * setting.Shape.LayerCount) + 2, // announce, two a layer, gather
            IsStar = cell.Topology == "star",
            Delay = setting.Network.Link.Delay,
            LossFree = TimeSpan.FromMilliseconds(lossFree.TpotMs),
            Bursts = cell.Bursts ? setting.Network.Link.Bursts : null,
            BadBoard = setting.Network.BadBoard,
            Tokens = setting.Tokens,
            Seed = setting.Network.Seed,
        });
        return cell with { OracleMs = oracle.Direct.TotalMilliseconds, OracleRelayedMs = oracle.Relayed.TotalMilliseconds };
    }

    private static double Quantile(double[] sorted, double share) => sorted[(int)Math.Ceiling(share * sorted.Length) - 1];

    private static string LoadAverage() => string.Join(' ', File.ReadAllText("/proc/loadavg").Split(' ').Take(3));
}
