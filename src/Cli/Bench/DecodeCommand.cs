using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using Halo.Cli.Hosting;
using Halo.Grains;
using Halo.Inference.Kernels;
using Halo.Inference.Model;
using Halo.Inference.Probes;
using Halo.Inference.Quantization;
using Halo.Inference.Tokenization;
using Halo.Silo;

namespace Halo.Cli.Bench;

/// <summary>
/// <c>halo bench decode</c>: decode speed of several numbers of boards in one process, or of this process's board alone against it together
/// with boards in other processes. Rounds are interleaved, so that whatever else the machine does falls on all of them alike.
/// </summary>
internal static class DecodeCommand
{
    private const string Prompt = "Once upon a time";

    internal static Command Create()
    {
        Option<string?> model = CommandOptions.Model();
        Option<int[]> boards = CommandOptions.BoardCounts(1, 8);
        Option<int> threads = CommandOptions.Threads();
        Option<WeightMode> weights = CommandOptions.Weights();
        Option<int> tokens = CommandOptions.Number(
            "--tokens", "Tokens to decode in a round.", 64, count => count >= 2, "a whole number, 2 or more");
        Option<int> rounds = CommandOptions.Number(
            "--rounds", "Rounds after the warm-up.", 5, count => count >= 1, "a whole number, 1 or more");
        Option<long?> memory = CommandOptions.MemoryLimit();
        Option<KvType> kvType = CommandOptions.KvType();
        NetworkChoices network = new();
        Option<bool> json = CommandOptions.Json();
        Command command = new("decode", "Compare decode speed between numbers of boards; with --board, between this process's board alone and all.")
        {
            model, boards, threads, weights, tokens, rounds, memory, kvType, json,
        };
        network.AddTo(command);
        command.SetAction((parsed, cancellationToken) =>
        {
            NetworkSetting others = network.Of(parsed);
            int[] counts = others.HasBoards ? [1, 1 + others.Boards.Count] : parsed.GetValue(boards)!;
            if (others.HasBoards && parsed.GetResult(boards) is { Implicit: false })
            {
                throw new CommandFault($"--boards and --board exclude each other: with --board, 1 board is compared with all {counts[1]}.");
            }

            if (!others.HasBoards && others.Speeds.Count > 0)
            {
                throw new CommandFault("--speed needs --board here: the boards of one process count alike when numbers of them are compared.");
            }

            return RunAsync(
                CommandConsole.Of(parsed),
                ModelFile.Locate(parsed.GetValue(model)),
                new DecodeSetting(counts, parsed.GetValue(threads), parsed.GetValue(tokens), parsed.GetValue(rounds), others, parsed.GetValue(memory))
                {
                    Weights = parsed.GetValue(weights),
                    KvType = parsed.GetValue(kvType),
                },
                parsed.GetValue(json),
                cancellationToken);
        });
        return command;
    }

    private static async Task<int> RunAsync(
        CommandConsole console, ModelFile file, DecodeSetting setting, bool json, CancellationToken cancellationToken)
    {
        CheckLength(file, setting.Tokens);
        List<ModelSession> sessions = [];
        try
        {
            foreach (int boards in setting.Boards)
            {
                sessions.Add(await StartAsync(file, boards, setting, console, cancellationToken));
            }

            using ModelReading reading = new(sessions[0].Model.Weights.File, setting.Threads);
            Rounds limit = new();
            ForeignLoad load = ForeignLoad.Begin();
            List<double>[] rates = await MeasureAsync(console, sessions, setting, reading, limit, cancellationToken);
            ReadLimit read = new(reading.Bytes, reading.Bytes / limit.Median / 1e9, reading.Bytes / limit.Best / 1e9);
            Print(console, DecodeReport.Of(file, setting, rates, read) with { ForeignCores = load.Cores(), Kernels = KernelSelector.Description }, json);
            return CommandHost.Success;
        }
        finally
        {
            foreach (ModelSession session in sessions)
            {
                await session.DisposeAsync();
            }
        }
    }

    private static void CheckLength(ModelFile file, int tokens)
    {
        int contextLength = file.ReadConfig().ContextLength;
        int most = contextLength - Prompt.Length - 2;
        if (tokens > most)
        {
            throw new CommandFault($"--tokens is {tokens}; with the prompt before them at most {most} fit the model's context of {contextLength}.");
        }
    }

    private static Task<ModelSession> StartAsync(
        ModelFile file, int boards, DecodeSetting setting, CommandConsole console, CancellationToken cancellationToken)
    {
        HaloClusterOptions options = new()
        {
            Boards = boards,
            Threads = setting.Threads,
            BoardMemoryBytes = setting.MemoryBytes,
            Weights = setting.Weights,
            KvPositions = ModelSession.KvPositions(1, Prompt.Length + 2 + setting.Tokens),
            KvType = setting.KvType,
        };
        if (setting.Network.HasBoards && boards > 1)
        {
            options.Boards = 1;
            setting.Network.ApplyTo(options);
        }

        return ModelSession.StartAsync(file, options, console, cancellationToken);
    }

    private static Task<List<double>[]> MeasureAsync(
        CommandConsole console, List<ModelSession> sessions, DecodeSetting setting, ModelReading reading, Rounds limit, CancellationToken cancellationToken) =>
        console.WithProgressAsync("decode", async progress =>
        {
            List<double>[] rates = [.. sessions.Select(_ => new List<double>())];
            int done = 0;
            for (int round = 0; round <= setting.Rounds; round++)
            {
                for (int i = 0; i < sessions.Count; i++)
                {
                    double rate = await DecodeAsync(sessions[i], setting.Tokens, cancellationToken);
                    if (round > 0) // The first is the warm-up: compilation, page faults, caches.
                    {
                        rates[i].Add(rate);
                    }

                    progress.Report(++done / ((setting.Rounds + 1.0) * sessions.Count));
                }

                (round > 0 ? limit : new Rounds()).Time(reading.Run);
            }

            return rates;
        });

    // Tokens per second from the first token to the last: prefill is not in it.
    private static async Task<double> DecodeAsync(ModelSession session, int tokens, CancellationToken cancellationToken)
    {
        ITokenizer tokenizer = session.Model.Tokenizer;
        SequenceRequest request = new()
        {
            Tokens = tokenizer.Encode(Prompt, tokenizer.AddBos),
            MaxTokens = tokens,
            Sampling = new SamplingOptions { Temperature = 0 },
            EndTokens = [],
            Speculate = Speculation.Off,
        };
        long first = 0;
        int count = 0;
        await foreach (TokenEvent token in session.Scheduler.RunAsync(request, cancellationToken))
        {
            if (count++ == 0)
            {
                first = Stopwatch.GetTimestamp();
            }
        }

        return (count - 1) / Stopwatch.GetElapsedTime(first).TotalSeconds;
    }

    private static void Print(CommandConsole console, DecodeReport report, bool json)
    {
        if (json)
        {
            console.Output.WriteLine(JsonSerializer.Serialize(report, DecodeJson.Default.DecodeReport));
            return;
        }

        TextTable table = new TextTable().Numbers("boards", "median TPOT ms", "median tok/s", "best tok/s", "least tok/s", "ratio to first", "ratio to read limit");
        foreach (DecodeResult result in report.Results)
        {
            table.Row(
                $"{result.Boards}",
                $"{result.TpotMs:0.000}",
                $"{result.Median:0.0}",
                $"{result.Best:0.0}",
                $"{result.Rounds.Min():0.0}",
                $"{result.Ratio:0.000}",
                $"{result.ReadRatio:0.00}");
        }

        console.Answer(table);
        console.Note($"read limit: {report.ReadLimit.GBs:0.0} GB/s (best {report.ReadLimit.BestGBs:0.0}) over the {report.ReadLimit.Bytes:N0} bytes that a token needs");
        console.Note($"{report.Kernels}; other processes: {(report.ForeignCores is { } cores ? $"{cores:0.00} cores" : "not known")}");
    }
}
