using System.Diagnostics.Metrics;
using Halo.Grains;

namespace Halo.Gateway.Serving;

/// <summary>
/// What schedulers count, on the meter <c>Halo.Gateway</c>: what was computed again because boards were lost or the plan changed, and what was guessed
/// ahead. Schedulers are asked once a second, and only while somebody listens.
/// </summary>
internal sealed class SchedulerMetrics : BackgroundService
{
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(1);

    private readonly RunningCluster _running;
    private readonly ServedModels _models;
    private readonly TimeProvider _time;
    private readonly Instrument[] _instruments;
    private volatile Known[] _known = [];

    public SchedulerMetrics(IMeterFactory meters, RunningCluster running, ServedModels models, TimeProvider time)
    {
        _running = running;
        _models = models;
        _time = time;
        Meter meter = meters.Create("Halo.Gateway");
        _instruments =
        [
            meter.CreateObservableCounter(
                "halo.scheduler.replayed_sequences", () => Observe(known => known.ReplayedSequenceCount), "{sequence}",
                "Times that a sequence started over, as its boards had nothing of it any more."),
            meter.CreateObservableCounter(
                "halo.scheduler.replayed_tokens", () => Observe(known => known.ReplayedTokenCount), "{token}", "Tokens of those that were computed again."),
            meter.CreateObservableCounter(
                "halo.scheduler.drafted_tokens", () => Observe(known => known.DraftedTokenCount), "{token}", "Tokens that were guessed ahead and computed."),
            meter.CreateObservableCounter(
                "halo.scheduler.accepted_tokens", () => Observe(known => known.AcceptedTokenCount), "{token}",
                "Those of them that were right, and saved a step each."),
        ];
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using PeriodicTimer timer = new(s_interval, _time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                if (_running.Running is { } cluster && Array.Exists(_instruments, instrument => instrument.Enabled))
                {
                    _known = [.. (await Task.WhenAll(_models.Ready.Select(model => AskAsync(cluster, model.Name)))).OfType<Known>()];
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The process ends.
        }
    }

    private async Task<Known?> AskAsync(IServingCluster cluster, string model)
    {
        try
        {
            return new Known(model, await cluster.Grains.GetGrain<ISchedulerGrain>(model).GetStatisticsAsync().WaitAsync(s_interval, _time));
        }
        catch (Exception)
        {
            return null; // its head board is gone, or busy
        }
    }

    private IEnumerable<Measurement<long>> Observe(Func<SchedulerStatistics, long> value) =>
        _known.Select(known => new Measurement<long>(value(known.Statistics), new KeyValuePair<string, object?>("model", known.Model)));

    private sealed record Known(string Model, SchedulerStatistics Statistics);
}
