using Halo.Cli.Eval;
using Halo.Cli.Hosting;
using Halo.Cli.Lab.Loss;
using Halo.Fabric.Streams;
using Halo.Lab;
using Halo.Lab.Model;
using Halo.Lab.Net;
using Halo.Silo;

namespace Halo.Cli.Lab.Schemes;

/// <summary>
/// Runs the cells of one number of boards: one cluster for each scheme, its links changed from cell to cell. The model is as it is, and every cell
/// scores the same tokens of a text, one a step, so that TPOT and perplexity are of the same steps under the same losses.
/// </summary>
internal sealed class SchemesExperiment(CommandConsole console, ModelFile model, SchemesSetting setting)
{
    // The runtime compiles hot code again, in the background: see LossExperiment.
    private const int WarmUpRounds = 6;
    private const int WarmUpTokens = 60;

    private const int SettlingTokens = 2;

    internal async Task<IReadOnlyList<SchemeCell>> RunAsync(CancellationToken cancellationToken)
    {
        double[] reference = await ReferenceAsync(cancellationToken);
        List<SchemeCell> cells = [];
        foreach (Scheme scheme in setting.Schemes)
        {
            cells.AddRange(await MeasureAsync(scheme, reference, cancellationToken));
        }

        return SchemeCell.WithRatios(cells);
    }

    // The same tokens, on one board in this process.
    private async Task<double[]> ReferenceAsync(CancellationToken cancellationToken)
    {
        HaloClusterOptions options = new() { Boards = 1, Threads = 1, KvPositions = model.ReadConfig().ContextLength };
        await using ModelSession session = await ModelSession.StartAsync(model, options, console, cancellationToken);
        IReadOnlyList<ScoredPiece> stories = HeadCommand.Stories(session, setting.Text);
        return (await HeadCommand.ScoreAsync(session, stories, setting.Tokens, Timeout.InfiniteTimeSpan, cancellationToken)).Scores!;
    }

    private async Task<List<SchemeCell>> MeasureAsync(Scheme scheme, double[] reference, CancellationToken cancellationToken)
    {
        await using LabCluster cluster = await LabCluster.StartAsync(
            setting.Network, model.Path, scheme.Policy, Topology.Mesh, setting.Wire, WarmUpTokens, cancellationToken,
            ["--text", setting.Text, .. setting.Importance is { } importance ? (string[])["--importance", importance] : [], .. scheme.HeadArguments]);
        for (int round = 0; round < WarmUpRounds; round++)
        {
            await cluster.ScoreAsync(WarmUpTokens, setting.CellLimit, cancellationToken);
        }

        if (scheme.Policy is not (LossPolicy.Tcp or LossPolicy.TcpLowRto))
        {
            foreach (LinkSettings link in WarmUpLinks())
            {
                await cluster.SetAsync(setting.Network, link);
                await cluster.ScoreAsync(WarmUpTokens, setting.CellLimit, cancellationToken);
                await cluster.ScoreAsync(WarmUpTokens, setting.CellLimit, cancellationToken);
            }
        }

        List<SchemeCell> cells = [];
        foreach (LinkSettings link in setting.Cells)
        {
            await cluster.SetAsync(setting.Network, link);
            SchemeCell cell = await MeasureAsync(cluster, scheme, link, reference, cancellationToken);
            console.Note($"{cell.Boards} boards, {cell.Scheme}, {cell.Loss}: " + (cell.Fault ?? $"TPOT {cell.TpotMs:0.0} ms, perplexity x {cell.PerplexityRatio:0.0000}"));
            cells.Add(cell);
            if (cell.Fault is not null)
            {
                break; // what is still under way there would be measured with the next cell
            }
        }

        return cells;
    }

    // Copies, resends, relay and deadlines are code as well, which the first lossy cell would otherwise compile.
    private IEnumerable<LinkSettings> WarmUpLinks()
    {
        LinkSettings link = setting.Network.Link with { Bursts = null, Loss = 0.05 };
        return [link, link with { Loss = 0, Bursts = new BurstSettings(TimeSpan.FromMilliseconds(10), 0.05) }, link with { Loss = 0 }];
    }

    private async Task<SchemeCell> MeasureAsync(
        LabCluster cluster, Scheme scheme, LinkSettings link, double[] reference, CancellationToken cancellationToken)
    {
        SchemeCell cell = new()
        {
            Scheme = scheme.Name,
            Boards = setting.Network.Boards,
            DelayMs = setting.Network.Link.Delay.TotalMilliseconds,
            LossPercent = link.Loss * 100,
            BurstMs = link.Bursts?.MeanBad.TotalMilliseconds,
            BadPercent = link.Bursts?.BadShare * 100,
        };
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(2 * setting.CellLimit);
        try
        {
            await cluster.ScoreAsync(SettlingTokens, setting.CellLimit, limit.Token);
            Dictionary<string, long>? countsBefore = await cluster.CountAsync(limit.Token);
            TrafficTotal before = cluster.Traffic;
            TimeSpan busyBefore = cluster.ProcessorTime;
            HeadRun run = await cluster.ScoreAsync(setting.Tokens, setting.CellLimit, limit.Token);
            TimeSpan busy = cluster.ProcessorTime - busyBefore;
            TrafficTotal after = cluster.Traffic;
            Dictionary<string, long>? countsAfter = await cluster.CountAsync(limit.Token);
            return SchemeCell.Of(cell, run, reference) with
            {
                ProcessorMsPerToken = busy.TotalMilliseconds / run.Tokens.Length,
                FramesPerToken = (double)(after.Packets - before.Packets) / run.Tokens.Length,
                BytesPerToken = (double)(after.Bytes - before.Bytes) / run.Tokens.Length,
                ChunksPerToken = LinkCounts.PerToken(countsBefore, countsAfter, run.Tokens.Length),
                Overflows = after.Overflows - before.Overflows,
            };
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return cell with { Fault = $"no answer in {2 * setting.CellLimit.TotalSeconds:0} s" };
        }
        catch (LabException fault)
        {
            return cell with { Fault = fault.Message };
        }
    }
}
