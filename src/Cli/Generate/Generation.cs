using System.Diagnostics;
using System.Text;
using Halo.Cli.Hosting;
using Halo.Grains;
using Halo.Inference.Sampling;
using Halo.Planning.Assignment;
using Halo.Silo;

namespace Halo.Cli.Generate;

/// <summary>One completion, its text streamed to stdout, its figures to stderr.</summary>
internal sealed class Generation(CommandConsole console, ModelFile file, HaloClusterOptions options, SamplingParameters sampling)
{
    internal required int MaxTokens { get; init; }

    internal required string[] Stop { get; init; }

    internal async Task<int> RunAsync(string prompt, CancellationToken cancellationToken)
    {
        if (Stop.Any(stop => stop.Length == 0))
        {
            throw new CommandFault("--stop is empty; it would end the text before it began.");
        }

        options.KvPositions = ModelSession.KvPositions(1, LongestSequence(prompt, file.ReadConfig().ContextLength));
        long start = Stopwatch.GetTimestamp();
        await using ModelSession session = await ModelSession.StartAsync(file, options, console, cancellationToken);
        string seed = sampling.Temperature > 0 ? $", seed {sampling.Seed}" : "";
        double loading = Stopwatch.GetElapsedTime(start).TotalSeconds;
        console.Note($"{file.Name} on {Count(ModelSession.BoardCount(options), "board")}, ready in {loading:0.00} s{seed}");
        GenerationFigures figures = await StreamAsync(session, prompt, cancellationToken);
        await ReportAsync(session, figures);
        return CommandHost.Success;
    }

    internal static string Count(int count, string thing) => count == 1 ? $"1 {thing}" : $"{count} {thing}s";

    // A token stands for at least one byte; the beginning mark and the space before the first word come on top.
    private int LongestSequence(string prompt, int contextLength) =>
        (int)Math.Min(contextLength, Encoding.UTF8.GetByteCount(prompt) + 2L + MaxTokens);

    private async Task<GenerationFigures> StreamAsync(ModelSession session, string prompt, CancellationToken cancellationToken)
    {
        GenerationRequest request = new()
        {
            Model = file.Name,
            Prompt = prompt,
            MaxTokens = MaxTokens,
            Stop = Stop,
            Sampling = SamplingChoices.ToOptions(sampling),
        };
        IGenerationGrain generation = session.Grains.GetGrain<IGenerationGrain>(GrainKeys.Generation(file.Name, Guid.NewGuid().ToString("N")));
        bool wrote = false;
        long start = Stopwatch.GetTimestamp();
        TimeSpan? first = null;
        GenerationChunk? last = null;
        try
        {
            await foreach (GenerationChunk chunk in generation.GenerateAsync(request, cancellationToken))
            {
                first ??= Stopwatch.GetElapsedTime(start);
                wrote = true; // first: the flush may be cancelled when the text is already out
                await console.Output.WriteAsync(chunk.Text);
                await console.Output.FlushAsync(cancellationToken);
                last = chunk;
            }
        }
        finally
        {
            // Cut short or not, what follows begins on a line of its own.
            if (wrote)
            {
                await console.Output.WriteLineAsync();
            }
        }

        return new GenerationFigures(last!, first!.Value, Stopwatch.GetElapsedTime(start));
    }

    private async Task ReportAsync(ModelSession session, GenerationFigures figures)
    {
        Plan plan = await session.GetPlanAsync();
        TextTable table = new TextTable().Words("board").Numbers("shards", "groups", "weights MB", "KV MB");
        foreach (string board in plan.Boards)
        {
            BoardStatistics statistics = await session.Grains.GetGrain<IBoardGrain>(board).GetStatisticsAsync(file.Name);
            BoardMemory memory = BoardMemory.Of(plan, session.Model.Profile, board);
            table.Row(
                board,
                $"{statistics.ShardCount}",
                $"{plan.ShardsOf(board).Sum(shard => shard.GroupCount)}",
                ByteCount.Megabytes(memory.Attention + memory.FeedForward + memory.Vocabulary),
                ByteCount.Megabytes(memory.Kv));
        }

        SchedulerStatistics steps = await session.Scheduler.GetStatisticsAsync();
        console.Note("");
        console.Note(table);
        console.Note(figures.ToString() + $", {Count((int)steps.StepCount, "step")}" + Guesses(figures.Last.CompletionTokenCount, steps));
    }

    // What was guessed, and what it saved; nothing where nothing was.
    private static string Guesses(int tokens, SchedulerStatistics steps) => steps.DraftedTokenCount == 0
        ? ""
        : $", {tokens / (double)steps.StepCount:0.00} tokens a step: {steps.AcceptedTokenCount} of {steps.DraftedTokenCount} guesses right";

    /// <summary>What a completion took.</summary>
    /// <param name="Last">Its last chunk, which carries the counts.</param>
    /// <param name="First">Time to the first text: TTFT.</param>
    /// <param name="All">Time to the end.</param>
    private sealed record GenerationFigures(GenerationChunk Last, TimeSpan First, TimeSpan All)
    {
        public override string ToString()
        {
            string counts = $"{Count(Last.CompletionTokenCount, "token")} after a prompt of {Last.PromptTokenCount}, ended by {Last.FinishReason}, "
                + $"TTFT {First.TotalMilliseconds:0.0} ms";
            double seconds = (All - First).TotalSeconds / (Last.CompletionTokenCount - 1);
            return Last.CompletionTokenCount > 1 ? $"{counts}, TPOT {seconds * 1e3:0.000} ms, {1 / seconds:0.0} tok/s" : counts;
        }
    }
}
