using Halo.Cli.Hosting;
using Halo.Cli.Lab.Loss;
using Halo.Inference.Gguf;
using Halo.Inference.Padding;
using Halo.Inference.Quantization;
using Halo.Silo;

namespace Halo.Cli.Bench;

/// <summary>Runs two clusters of board processes side by side, one over streams and one over datagrams, and has them generate in turn.</summary>
internal static class TransportBench
{
    // The runtime compiles hot code again, in the background, for some ten seconds: with fewer rounds that took more time than the boards themselves.
    private const int WarmUpRounds = 20;

    private static readonly TransportKind[] s_kinds = [TransportKind.Stream, TransportKind.Datagram];

    internal static async Task<TransportReport> RunAsync(
        CommandConsole console, ModelFile model, TransportSetting setting, CancellationToken cancellationToken)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("halo-bench-");
        List<BenchCluster> clusters = [];
        try
        {
            string file = model.Path;
            if (setting.Shape is { } shape)
            {
                file = Path.Combine(folder.FullName, "padded.gguf");
                using GgufFile source = GgufFile.Open(model.Path);
                ModelPadder.Pad(source, shape, TensorType.Q8_0, file, null, cancellationToken);
            }

            foreach (TransportKind kind in s_kinds)
            {
                clusters.Add(await BenchCluster.StartAsync(console, new ModelFile(model.Name, file), kind, setting, cancellationToken));
            }

            return await MeasureAsync(console, model, clusters, setting, cancellationToken);
        }
        finally
        {
            foreach (BenchCluster cluster in clusters)
            {
                await cluster.DisposeAsync();
            }

            folder.Delete(recursive: true);
        }
    }

    private static Task<TransportReport> MeasureAsync(
        CommandConsole console, ModelFile model, List<BenchCluster> clusters, TransportSetting setting, CancellationToken cancellationToken) =>
        console.WithProgressAsync("rounds", async progress =>
        {
            string before = LoadAverage();
            List<double>[] tpot = [[], []];
            List<double>[] processor = [[], []];
            bool sameText = true;
            int[] text = [];
            for (int round = -WarmUpRounds; round < setting.Rounds; round++)
            {
                for (int turn = 0; turn < s_kinds.Length; turn++)
                {
                    // Who is first changes from round to round.
                    int kind = (turn + round) & 1;
                    TimeSpan busyBefore = clusters[kind].ProcessorTime;
                    HeadRun run = await clusters[kind].GenerateAsync(setting.Tokens, cancellationToken);
                    text = text.Length == 0 ? run.Tokens : text;
                    sameText &= run.Tokens.AsSpan().SequenceEqual(text);
                    if (round >= 0)
                    {
                        tpot[kind].Add(run.TokenMs.Average());
                        processor[kind].Add((clusters[kind].ProcessorTime - busyBefore).TotalMilliseconds / setting.Tokens);
                    }
                }

                progress.Report((round + WarmUpRounds + 1.0) / (setting.Rounds + WarmUpRounds));
            }

            return new TransportReport
            {
                Model = setting.Shape is { } shape ? $"{model.Name} padded to {shape}, q8_0" : model.Name,
                Boards = setting.Boards,
                Topology = setting.Topology.ToString(),
                Wire = setting.Wire.ToString(),
                Tokens = setting.Tokens,
                LoadBefore = before,
                LoadAfter = LoadAverage(),
                Stream = TransportCost.Of(tpot[0], processor[0]),
                Datagram = TransportCost.Of(tpot[1], processor[1]),
                SameText = sameText,
            };
        });

    private static string LoadAverage()
    {
        const string source = "/proc/loadavg";
        return File.Exists(source) ? string.Join(' ', File.ReadAllText(source).Split(' ').Take(3)) : "not known on this system";
    }
}
