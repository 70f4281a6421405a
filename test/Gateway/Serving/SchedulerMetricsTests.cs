using System.Diagnostics.Metrics;
using Halo.Grains;
using Microsoft.Extensions.DependencyInjection;

namespace Halo.Gateway.Serving;

public sealed class SchedulerMetricsTests
{
    [Fact]
    public async Task Observe_SchedulerThatCounted_TellsWhatStartedOverAndWhatWasGuessed()
    {
        FakeCluster cluster = new()
        {
            Statistics = new SchedulerStatistics(7, 70, 0, RunningCount: 2, WaitingCount: 0, ReplayedSequenceCount: 3, ReplayedTokenCount: 50, DraftedTokenCount: 41, AcceptedTokenCount: 29),
        };
        RunningCluster running = new();
        running.Set(cluster);
        using ServiceProvider services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        IMeterFactory meters = services.GetRequiredService<IMeterFactory>();
        VirtualTime time = new();
        ServedModels models = new(["tales"], time);
        models.SetReady(new ServedModel("tales", 512, cluster));
        using SchedulerMetrics metrics = new(meters, running, models, time);
        HashSet<string> measured = [];
        Meter meter = meters.Create("Halo.Gateway"); // the factory keeps one of a name
        using MeterListener listener = new();
        listener.InstrumentPublished = (instrument, listening) =>
        {
            if (instrument.Meter == meter)
            {
                listening.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => measured.Add($"{instrument.Name} {value} {tags[0].Value}"));
        listener.Start();

        await metrics.StartAsync(CancellationToken.None);
        await Until.TrueAsync("what started over is measured", () =>
        {
            time.Advance(TimeSpan.FromSeconds(1));
            listener.RecordObservableInstruments();
            return Task.FromResult(measured.Contains("halo.scheduler.replayed_sequences 3 tales"));
        });
        await metrics.StopAsync(CancellationToken.None);

        Assert.Contains("halo.scheduler.replayed_tokens 50 tales", measured);
        Assert.Contains("halo.scheduler.drafted_tokens 41 tales", measured);
        Assert.Contains("halo.scheduler.accepted_tokens 29 tales", measured);
    }
}
