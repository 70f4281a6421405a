using System.Diagnostics.Metrics;
using Halo.Grains;
using Halo.Silo.Membership;
using Microsoft.Extensions.DependencyInjection;

namespace Halo.Gateway.Serving;

public sealed class LinkMetricsTests
{
    [Fact]
    public async Task Observe_BoardsKnowTheirLinks_OneMeasurementForEachDirectedPair()
    {
        FakeCluster cluster = new()
        {
            Boards =
            [
                new BoardView("b1", null, BoardState.Alive, null, 2, 1e9, 1, null, 0),
                new BoardView("b2", new Uri("http://10.0.0.12:5100"), BoardState.Suspect, null, 2, 1e9, 1, TimeSpan.FromMilliseconds(2.5), 0.25),
                new BoardView("b3", new Uri("http://10.0.0.13:5100"), BoardState.Dead, "gone", 2, 1e9, 1, null, 0),
            ],
            BoardLinks = (board, _) => Task.FromResult(new BoardLinks(board, "datagram", "mesh", "protected", null, [new LinkReport
            {
                Board = board == "b1" ? "b2" : "b1",
                OutgoingLoss = board == "b1" ? 0.05 : 0.1,
                RoundTripMs = 5,
                SentDatagrams = 1000,
            }])),
        };
        RunningCluster running = new();
        running.Set(cluster);
        using ServiceProvider services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        IMeterFactory meters = services.GetRequiredService<IMeterFactory>();
        VirtualTime time = new();
        using LinkMetrics metrics = new(meters, running, new ServedModels(["tales"], time), time);
        HashSet<string> measured = [];
        using MeterListener listener = Listen(meters, measured);

        await metrics.StartAsync(CancellationToken.None);
        await Until.TrueAsync("links are measured", () =>
        {
            time.Advance(TimeSpan.FromSeconds(1));
            listener.RecordObservableInstruments();
            return Task.FromResult(measured.Contains("halo.link.loss 0.05 tales b1 b2"));
        });
        await metrics.StopAsync(CancellationToken.None);

        Assert.Contains("halo.link.loss 0.1 tales b2 b1", measured);
        Assert.Contains("halo.link.round_trip 0.005 tales b1 b2", measured);
        Assert.Contains("halo.link.datagrams 1000 tales b2 b1", measured);
        Assert.Contains("halo.board.round_trip 0.0025 b2", measured);
        Assert.Contains("halo.board.loss 0.25 b2", measured);
        Assert.Equal(["halo.board.alive 0 b2", "halo.board.alive 0 b3", "halo.board.alive 1 b1"], measured.Where(text => text.StartsWith("halo.board.alive", StringComparison.Ordinal)).Order());
        Assert.DoesNotContain(measured, text => text.Contains("b3", StringComparison.Ordinal) && text.StartsWith("halo.link", StringComparison.Ordinal));
    }

    private static MeterListener Listen(IMeterFactory meters, HashSet<string> measured)
    {
        Meter meter = meters.Create("Halo.Gateway"); // the factory keeps one of a name
        MeterListener listener = new()
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Meter == meter)
                {
                    self.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Note(FormattableString.Invariant($"{instrument.Name} {value}"), tags));
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Note($"{instrument.Name} {value}", tags));
        listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Note($"{instrument.Name} {value}", tags));
        listener.Start();
        return listener;

        void Note(string text, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            foreach (KeyValuePair<string, object?> tag in tags)
            {
                text += $" {tag.Value}";
            }

            measured.Add(text);
        }
    }
}
