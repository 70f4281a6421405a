using Halo.Boards;
using Halo.Fabric.Datagrams;

namespace Halo.Grains.Boards;

/// <summary>Turns what a board knows of its links into what crosses between grains.</summary>
internal static class LinkReports
{
    private const int LossDigits = 6; // what a datagram carries of a loss has 16 bits

    internal static BoardLinks Of(string board, SessionLinks known) => new(
        board,
        known.Session is { Transport: { } how } ? how.ThroughGrains ? "grain-call" : how.Datagrams is null ? "stream" : "datagram" : null,
        Word(known.Session?.Transport.Topology),
        Word(known.Session?.Transport.Datagrams),
        known.Session?.Note,
        [.. known.Links.Select(Of)]);

    internal static LinkReport Of(LinkStatistics link) => new()
    {
        Board = link.Board,
        IncomingLoss = Math.Round(link.IncomingLoss, LossDigits),
        IncomingLossWindow = Math.Round(link.IncomingLossWindow, LossDigits),
        IncomingBurst = Math.Round(link.IncomingBurst, LossDigits),
        OutgoingLoss = Math.Round(link.OutgoingLoss, LossDigits),
        OutgoingBurst = Math.Round(link.OutgoingBurst, LossDigits),
        RoundTripMs = link.RoundTrip.TotalMilliseconds,
        RoundTripDeviationMs = link.RoundTripDeviation.TotalMilliseconds,
        Copies = link.Copies,
        SentDatagrams = link.SentDatagrams,
        SentBytes = link.SentBytes,
        ReceivedDatagrams = link.ReceivedDatagrams,
        ResentChunks = link.ResentChunks,
        CopiedChunks = link.CopiedChunks,
        CarriedChunks = link.CarriedChunks,
        DuplicateChunks = link.DuplicateChunks,
        RejectedDatagrams = link.RejectedDatagrams,
        IncomingIncastLoss = Math.Round(link.IncomingIncastLoss, LossDigits),
        OutgoingIncastLoss = Math.Round(link.OutgoingIncastLoss, LossDigits),
        Window = link.Window,
        IncomingBytesPerSecond = Math.Round(link.IncomingBytesPerSecond, LossDigits),
        IncomingDatagramsPerSecond = Math.Round(link.IncomingDatagramsPerSecond, LossDigits),
        OutgoingBytesPerSecond = Math.Round(link.OutgoingBytesPerSecond, LossDigits),
        OutgoingDatagramsPerSecond = Math.Round(link.OutgoingDatagramsPerSecond, LossDigits),
        ReceivedBytes = link.ReceivedBytes,
        ParityChunks = link.ParityChunks,
        RecoveredChunks = link.RecoveredChunks,
        FilledChunks = link.FilledChunks,
        LateChunks = link.LateChunks,
        UsedChunks = link.UsedChunks,
        Drift = Math.Round(link.Drift, LossDigits),
    };

    private static string? Word<T>(T? value)
        where T : struct, Enum => value?.ToString().ToLowerInvariant();
}
