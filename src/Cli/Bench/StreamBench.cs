using System.Diagnostics;
using System.Globalization;
using Halo.Boards;
using Halo.Boards.Steps;
using Halo.Boards.Weights;
using Halo.Cli.Hosting;
using Halo.Inference.Model;
using Halo.Inference.Model.Streaming;
using Halo.Inference.Sampling;
using Halo.Planning.Assignment;
using Halo.Planning.Profiles;
using Halo.Silo;

namespace Halo.Cli.Bench;

/// <summary>Decodes with one board whose memory is smaller than the model, in one way to stream after the other.</summary>
internal sealed class StreamBench
{
    // The heaps, stacks and compiled code grow once work begins, and the system needs some pages of files to go on.
    private const long Margin = 72L << 20;

    private const int WarmUpTokens = 2;
    private const int TokensBetween = 2; // two passes over the files that only read them

    private readonly LoadedModel _model;
    private readonly StreamSetting _setting;
    private readonly long _boardBytes;

    /// <param name="model">The model.</param>
    /// <param name="setting">What to measure.</param>
    /// <param name="boardBytes">Memory of the board.</param>
    internal StreamBench(LoadedModel model, StreamSetting setting, long boardBytes)
    {
        _model = model;
        _setting = setting;
        _boardBytes = boardBytes;
    }

    /// <summary>
    /// What is left for a board of this process. The process itself takes some of the limit; of the embedding table, which counts as the head board's,
    /// only the rows that are used are read.
    /// </summary>
    internal static long BoardBytes(LoadedModel model, long memoryLimit) =>
        memoryLimit - ProcessMemory.OwnBytes() - Margin + model.Weights.Layout.EmbeddingBytes;

    /// <summary>Measures all ways.</summary>
    /// <param name="note">Told which way comes next.</param>
    /// <param name="cancellationToken">Gives up.</param>
    internal async Task<List<StreamResult>> RunAsync(Action<string> note, CancellationToken cancellationToken)
    {
        List<StreamResult> results = [];
        foreach ((string name, StreamingOptions options) in Ways())
        {
            cancellationToken.ThrowIfCancellationRequested();
            note(name);
            results.Add(await MeasureAsync(name, options, cancellationToken));
        }

        return results;
    }

    private IEnumerable<(string Name, StreamingOptions Options)> Ways()
    {
        StreamingOptions exact = new() { Readers = _setting.Readers };
        yield return ("overlap", exact);
        yield return ("load, then compute", exact with { Overlap = false });
        string share = string.Create(CultureInfo.InvariantCulture, $"overlap, {_setting.Share:0.##} of the groups");
        yield return ($"{share}, in their order", exact with { Order = new StaticGroupOrder(null, _setting.Share) });
        ModelLayout layout = _model.Weights.Layout;
        RandomScorer scorer = new(layout.Config.HiddenSize, layout.NeuronGroupCount);
        yield return (
            $"{share}, predicted",
            exact with { Order = new PredictedGroupOrder(layout.Config.LayerCount, layout.NeuronGroupCount, scorer.Score, _setting.Share) });
        if (_setting.DeadlineMs is { } deadline)
        {
            yield return (
                string.Create(CultureInfo.InvariantCulture, $"overlap, deadline {deadline:0.##} ms"), exact with { Deadline = TimeSpan.FromMilliseconds(deadline) });
        }
    }

    private async Task<StreamResult> MeasureAsync(string name, StreamingOptions options, CancellationToken cancellationToken)
    {
        BoardStreaming streaming = new(_setting.CacheFolder ?? CacheFolders.Default, null, options);
        using BoardHost host = new([new Board(new BoardProfile("b1", BoardMeter.BytesPerSecondOfSpeed, _boardBytes), streaming)], _setting.Threads);
        Board board = host.Boards[0];
        int positions = ModelSession.KvPositions(1, WarmUpTokens + _setting.Tokens + 2);
        Plan plan = Planner.Create(_model.Profile, [board.Profile], new PlanRequest { KvPositions = positions });
        BoardModel share = board.Model(_model);
        share.Prepare(plan);
        foreach (ShardAssignment assignment in plan.Shards)
        {
            cancellationToken.ThrowIfCancellationRequested();
            share.Register(assignment.Slice);
        }

        share.Commit(plan.Version);
        StepRunner runner = await new InProcessSessions(host, new InProcessTransportFactory()).OpenAsync(_model, plan);
        StreamedWeights streamed = share.Streamed
            ?? throw new CommandFault($"All of {_model.Name} fits {_setting.MemoryLimit / 1e6:0.0} MB: there is nothing to stream. Give a smaller --memory-limit.");
        Decoding decoding = new(runner, plan.Version);
        await decoding.StepAsync(WarmUpTokens + 1);

        // In turn: whatever else uses the device at the moment falls on both alike.
        StreamStatistics first = streamed.Statistics;
        double seconds = 0;
        double secondsToRead = 1 / streamed.MeasureReadRate();
        int passes = 1;
        for (int done = 0; done < _setting.Tokens; done += TokensBetween, passes++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            long start = Stopwatch.GetTimestamp();
            await decoding.StepAsync(Math.Min(TokensBetween, _setting.Tokens - done));
            seconds += Stopwatch.GetElapsedTime(start).TotalSeconds;
            secondsToRead += 1 / streamed.MeasureReadRate();
        }

        return Result(name, options, first, streamed.Statistics, passes / secondsToRead, seconds);
    }

    private StreamResult Result(string name, StreamingOptions options, StreamStatistics first, StreamStatistics last, double rate, double seconds)
    {
        double tokens = _setting.Tokens;

        // What is exact must read all that does not fit; else what was read counts.
        bool exact = options is { Order: null, Deadline: null };
        long bytes = exact ? last.StreamedBytes : (long)((last.ReadBytes - first.ReadBytes) / tokens);
        double bound = rate / bytes;
        return new StreamResult(
            name, last.ResidentBytes, last.RingBytes, bytes, rate, bound, tokens / seconds, tokens / seconds / bound,
            (last.WaitTime - first.WaitTime).TotalSeconds / seconds,
            (last.LatePieces - first.LatePieces) / tokens,
            (last.LeftOutPieces - first.LeftOutPieces) / tokens);
    }

    /// <summary>One greedy sequence.</summary>
    private sealed class Decoding(StepRunner runner, int planVersion)
    {
        private readonly StepRequest _request = new();
        private int _position;
        private int _token = 1;

        internal async Task StepAsync(int count)
        {
            for (int i = 0; i < count; i++)
            {
                _request.Clear();
                _request.Step.PlanVersion = planVersion;
                if (_position == 0)
                {
                    _request.Opens.Add(new SequenceSpec { SequenceId = 1, Tokens = [_token], Sampling = SamplingParameters.Greedy });
                }

                _request.Step.Rows.Add(new StepRow(1, _position++, _token));
                _request.Step.LogitRows.Add(0);
                _token = (await runner.RunAsync(_request))[0].TokenId;
            }
        }
    }
}
