using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Halo.Cli.Eval;
using Halo.Cli.Hosting;
using Halo.Grains;
using Halo.Inference.Tokenization;
using Halo.Planning.Assignment;
using Halo.Planning.Importance;
using Halo.Silo;

namespace Halo.Cli.Lab.Loss;

/// <summary>
/// <c>halo lab head</c>, not shown: the head process of a laboratory. It says <see cref="Ready"/> when all boards are in service, and answers each line
/// "run N" with one line of JSON, a <see cref="HeadRun"/>, each line "score N MILLISECONDS", of a text's first N tokens or as many as there is time for,
/// with one as well, and each line "links" with a <see cref="HeadLinks"/>. It ends with its standard input.
/// </summary>
internal static class HeadCommand
{
    internal const string Name = "head";
    internal const string Ready = "ready";
    internal const string Prompt = "Once upon a time";

    // What every answer begins with, so that it is found among other lines.
    internal const string AnswerBeginning = "{\"firstMs\"";
    internal const string LinksLine = "links";
    internal const string ScoreWord = "score";
    internal const string LinksBeginning = "{\"counts\"";

    internal static Command Create()
    {
        Option<string?> model = CommandOptions.Model(required: true);
        Option<int> most = CommandOptions.Number("--tokens", "The most tokens of a run.", 64, count => count >= 1, "a whole number, 1 or more");
        Option<string?> text = new("--text") { Description = "Stories to score.", HelpName = "FILE" };
        Option<TransportKind> transport = CommandOptions.Choice(
            "--transport", "How boards exchange partial sums.",
            ("in-process", TransportKind.InProcess), ("stream", TransportKind.Stream), ("datagram", TransportKind.Datagram));
        Option<string?> importance = new("--importance") { Description = "What 'halo calibrate' wrote of the model.", HelpName = "FILE.halo" };
        Option<PlacementKind> placement = CommandOptions.Choice(
            "--placement", "How groups are given to boards.", ("importance", PlacementKind.Importance), ("even", PlacementKind.Even), ("random", PlacementKind.Random));
        NetworkChoices network = new();
        Command command = new(Name, "The head process of a laboratory.") { model, most, text, transport, importance, placement };
        command.Hidden = true;
        network.AddTo(command);
        command.SetAction((parsed, cancellationToken) =>
        {
            ModelFile file = ModelFile.Locate(parsed.GetValue(model));
            int length = parsed.GetValue(text) is null ? Prompt.Length + 2 + parsed.GetValue(most) : file.ReadConfig().ContextLength;
            HaloClusterOptions options = new()
            {
                Threads = 1,
                Transport = parsed.GetValue(transport),
                KvPositions = ModelSession.KvPositions(1, length),
            };
            network.Of(parsed).ApplyTo(options);
            options.Placement = new Placement(parsed.GetValue(placement));
            if (parsed.GetValue(importance) is { } path)
            {
                options.Importance = new Dictionary<string, ModelImportance> { [file.Name] = ImportanceSource.Read(path) };
            }

            options.Speeds = [.. Enumerable.Repeat(1.0, 1 + options.BoardUrls.Count)];
            return RunAsync(CommandConsole.Of(parsed), file, options, parsed.GetValue(text), cancellationToken);
        });
        return command;
    }

    /// <summary>A greedy continuation of <see cref="Prompt"/>, timed.</summary>
    /// <param name="session">The boards.</param>
    /// <param name="tokens">Tokens to generate; nothing ends it before.</param>
    /// <param name="cancellationToken">Gives up.</param>
    internal static async Task<HeadRun> GenerateAsync(ModelSession session, int tokens, CancellationToken cancellationToken)
    {
        ITokenizer tokenizer = session.Model.Tokenizer;
        SequenceRequest request = new()
        {
            Tokens = tokenizer.Encode(Prompt, tokenizer.AddBos),
            MaxTokens = tokens,
            Sampling = new SamplingOptions { Temperature = 0 },
            EndTokens = [],
        };
        List<int> sampled = [];
        List<double> times = [];
        long start = Stopwatch.GetTimestamp();
        await foreach (TokenEvent token in session.Scheduler.RunAsync(request, cancellationToken))
        {
            times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            sampled.Add(token.Token);
        }

        return new HeadRun(times[0], [.. times.Skip(1).Zip(times, (later, earlier) => later - earlier)], [.. sampled], tokenizer.Decode([.. sampled]));
    }

    /// <summary>
    /// Scores the stories of a text one after the other, a token a step as in decoding, until so many tokens are scored. Times are those from token to
    /// token within a story.
    /// </summary>
    /// <param name="session">The boards.</param>
    /// <param name="stories">The stories.</param>
    /// <param name="tokens">Tokens to score.</param>
    /// <param name="limit">When to be content with fewer.</param>
    /// <param name="cancellationToken">Gives up.</param>
    internal static async Task<HeadRun> ScoreAsync(
        ModelSession session, IReadOnlyList<ScoredPiece> stories, int tokens, TimeSpan limit, CancellationToken cancellationToken)
    {
        long begin = Stopwatch.GetTimestamp();
        bool HasTime() => limit == Timeout.InfiniteTimeSpan || Stopwatch.GetElapsedTime(begin) < limit;
        List<int> scored = [];
        List<double> scores = [];
        List<double> times = [];
        List<double> firsts = [];
        for (int story = 0; scored.Count < tokens && HasTime(); story++)
        {
            int[] given = stories[story % stories.Count].Tokens;
            SequenceRequest request = new()
            {
                Tokens = given[..Math.Min(given.Length, tokens - scored.Count + 1)],
                MaxTokens = 0,
                Sampling = new SamplingOptions { Temperature = 0 },
                EndTokens = [],
                ScoreFrom = 1,
                RowsPerStep = 1,
            };
            long last = Stopwatch.GetTimestamp();
            bool isFirst = true;
            await foreach (TokenEvent token in session.Scheduler.RunAsync(request, cancellationToken))
            {
                (isFirst ? firsts : times).Add(Stopwatch.GetElapsedTime(last).TotalMilliseconds);
                (last, isFirst) = (Stopwatch.GetTimestamp(), false);
                scored.Add(token.Token);
                scores.Add(token.LogProbability);
                if (!HasTime())
                {
                    break;
                }
            }
        }

        return new HeadRun(firsts.Average(), [.. times], [.. scored], "") { Scores = [.. scores] };
    }

    /// <summary>The stories of a text, each within the model's context.</summary>
    internal static IReadOnlyList<ScoredPiece> Stories(ModelSession session, string text) =>
        StoryCutter.Cut(session.Model.Tokenizer, TextFile.Read(text), session.Model.Weights.Config.ContextLength, null);

    private static async Task<int> RunAsync(
        CommandConsole console, ModelFile file, HaloClusterOptions options, string? text, CancellationToken cancellationToken)
    {
        await using ModelSession session = await ModelSession.StartAsync(file, options, console, cancellationToken);
        IReadOnlyList<ScoredPiece> stories = text is null ? [] : Stories(session, text);
        await console.Output.WriteLineAsync(Ready);
        await console.Output.FlushAsync(cancellationToken);
        while (await Task.Run(Console.In.ReadLine, cancellationToken) is { } line)
        {
            await console.Output.WriteLineAsync(line.Split(' ') switch
            {
                [LinksLine] => JsonSerializer.Serialize(await CountAsync(session), HeadJson.Default.HeadLinks),
                [ScoreWord, { } count, { } limit] => JsonSerializer.Serialize(
                    await ScoreAsync(session, stories, Number(count), TimeSpan.FromMilliseconds(Number(limit)), cancellationToken), HeadJson.Default.HeadRun),
                [_, { } count] => JsonSerializer.Serialize(await GenerateAsync(session, Number(count), cancellationToken), HeadJson.Default.HeadRun),
                _ => throw new CommandFault($"'{line}' is no line that the head of a laboratory knows."),
            });
            await console.Output.FlushAsync(cancellationToken);
        }

        return CommandHost.Success;
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    // Of all boards of the plan, over their control endpoints.
    private static async Task<HeadLinks> CountAsync(ModelSession session)
    {
        IReadOnlyList<string> boards = (await session.GetPlanAsync()).Boards;
        BoardLinks[] known = await Task.WhenAll(boards.Select(board => session.Grains.GetGrain<IBoardGrain>(board).GetLinksAsync(session.Model.Name)));
        return new HeadLinks(LinkCounts.Of([.. known.SelectMany(board => board.Links)]));
    }
}

/// <summary>A generation as the head process timed it.</summary>
/// <param name="FirstMs">From the request to the first token, in milliseconds: TTFT.</param>
/// <param name="TokenMs">From each token to the next, in milliseconds: one less than there are tokens.</param>
/// <param name="Tokens">The tokens.</param>
/// <param name="Text">Their text.</param>
internal sealed record HeadRun(double FirstMs, double[] TokenMs, int[] Tokens, string Text)
{
    /// <summary>Natural-log probabilities of the tokens, where they were given; null where they were generated.</summary>
    public double[]? Scores { get; init; }
}

/// <summary>What the boards have counted on their links so far.</summary>
/// <param name="Counts">By the names of <see cref="LinkCounts"/>; null where nothing measures links.</param>
internal sealed record HeadLinks(Dictionary<string, long>? Counts);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(HeadRun))]
[JsonSerializable(typeof(HeadLinks))]
internal sealed partial class HeadJson : JsonSerializerContext;
