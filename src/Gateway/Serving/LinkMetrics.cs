using System.Diagnostics.Metrics;
using Halo.Grains;
using Halo.Silo.Membership;

namespace Halo.Gateway.Serving;

/// <summary>
/// Links and liveness of boards on the meter <c>Halo.Gateway</c>. Boards are asked once a second, and only while somebody listens, so that a
/// measurement never waits for one.
/// </summary>
internal sealed class LinkMetrics : BackgroundService
{
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(1);

    private readonly RunningCluster _running;
    private readonly ServedModels _models;
    private readonly TimeProvider _time;
    private readonly List<Instrument> _instruments = [];
    private volatile KnownLink[] _links = [];

    public LinkMetrics(IMeterFactory meters, RunningCluster running, ServedModels models, TimeProvider time)
    {
        _running = running;
        _models = models;
        _time = time;
        Meter meter = meters.Create("Halo.Gateway");
        Gauge("halo.link.loss", "1", "Share of datagrams between two boards that are lost, 0 to 1.", link => link.OutgoingLoss);
        Gauge("halo.link.incast", "1", "The part of that loss that full queues lost.", link => link.OutgoingIncastLoss);
        Gauge("halo.link.burst", "{datagram}", "Datagrams between two boards that are lost in a row, on average.", link => link.OutgoingBurst);
        Gauge("halo.link.round_trip", "s", "Smoothed round trip of datagrams, waits on the other board included.", link => link.RoundTripMs / 1e3);
        Gauge("halo.link.round_trip_deviation", "s", "Smoothed mean deviation of that round trip.", link => link.RoundTripDeviationMs / 1e3);
        Gauge("halo.link.copies", "{copy}", "Times that a chunk is sent at once now.", link => link.Copies);
        Gauge("halo.link.throughput", "By/s", "Bytes of datagrams sent a second of late.", link => link.OutgoingBytesPerSecond);
        Gauge("halo.link.drift", "1", "Relaxed: largest relative difference found between a board's residual and the head board's.", link => link.Drift);
        Counter("halo.link.datagrams", "{datagram}", "Datagrams sent in the session.", link => link.SentDatagrams);
        Counter("halo.link.bytes", "By", "Bytes of datagrams sent in the session.", link => link.SentBytes);
        Counter("halo.link.resent", "{chunk}", "Chunks sent again because no acknowledgement came in time.", link => link.ResentChunks);
        Counter("halo.link.copied", "{chunk}", "Chunks sent more often than once on purpose.", link => link.CopiedChunks);
        Counter("halo.link.recovered", "{chunk}", "Chunks rebuilt from parity.", link => link.RecoveredChunks);
        Counter("halo.link.filled", "{chunk}", "Relaxed: chunks missing at the deadline, which count as zeros.", link => link.FilledChunks);
        Counter("halo.link.used", "{chunk}", "Relaxed: chunks missing at the deadline that were added later.", link => link.UsedChunks);
        Counter("halo.link.carried", "{chunk}", "Chunks of third boards carried to the other board.", link => link.CarriedChunks);
        Counter("halo.link.duplicates", "{chunk}", "Chunks that had come before.", link => link.DuplicateChunks);
        Counter("halo.link.rejected", "{datagram}", "Datagrams refused: altered, replayed or none of ours.", link => link.RejectedDatagrams);
        meter.CreateObservableGauge("halo.board.round_trip", ObserveRoundTrips, "s", "Smoothed round trip of a board's heartbeats.");
        meter.CreateObservableGauge("halo.board.loss", ObserveLosses, "1", "Share of a board's latest heartbeats without an answer, 0 to 1.");
        meter.CreateObservableGauge("halo.board.alive", ObserveStates, "1", "Whether a board is in service and answers: 1, else 0.");

        void Gauge(string name, string unit, string description, Func<LinkReport, double> value) =>
            _instruments.Add(meter.CreateObservableGauge(name, () => Observe(value), unit, description));

        void Counter(string name, string unit, string description, Func<LinkReport, long> value) =>
            _instruments.Add(meter.CreateObservableCounter(name, () => Observe(value), unit, description));
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using PeriodicTimer timer = new(s_interval, _time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                _links = _running.Running is { } cluster && _instruments.Exists(instrument => instrument.Enabled) ? await AskAsync(cluster) : [];
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The process ends.
        }
    }

    private async Task<KnownLink[]> AskAsync(IServingCluster cluster)
    {
        IEnumerable<Task<KnownLink[]>> asking =
            from board in cluster.Boards
            where board.State is BoardState.Alive or BoardState.Suspect
            from model in _models.Names
            select AskAsync(cluster, board.Name, model);
        return [.. (await Task.WhenAll(asking)).SelectMany(links => links)];
    }

    private async Task<KnownLink[]> AskAsync(IServingCluster cluster, string board, string model)
    {
        try
        {
            BoardLinks known = await cluster.Grains.GetGrain<IBoardGrain>(board).GetLinksAsync(model).WaitAsync(s_interval, _time);
            return [.. known.Links.Select(link => new KnownLink(link,
                [new("model", model), new("from", board), new("to", link.Board)]))];
        }
        catch (Exception)
        {
            return []; // frozen, or lost a moment ago
        }
    }

    private IEnumerable<Measurement<T>> Observe<T>(Func<LinkReport, T> value)
        where T : struct => _links.Select(link => new Measurement<T>(value(link.Report), link.Tags));

    private IEnumerable<Measurement<double>> ObserveRoundTrips() =>
        from board in Boards
        where board.RoundTrip is not null
        select new Measurement<double>(board.RoundTrip!.Value.TotalSeconds, Tag(board));

    private IEnumerable<Measurement<double>> ObserveLosses() =>
        Boards.Where(board => board.RoundTrip is not null).Select(board => new Measurement<double>(board.LossRate, Tag(board)));

    private IEnumerable<Measurement<int>> ObserveStates() =>
        Boards.Where(board => board.Name.Length > 0).Select(board => new Measurement<int>(board.State == BoardState.Alive ? 1 : 0, Tag(board)));

    private IEnumerable<BoardView> Boards => _running.Running?.Boards ?? [];

    private static KeyValuePair<string, object?> Tag(BoardView board) => new("board", board.Name);

    private sealed record KnownLink(LinkReport Report, KeyValuePair<string, object?>[] Tags);
}
