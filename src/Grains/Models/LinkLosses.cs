namespace Halo.Grains.Models;

/// <summary>What boards tell of their links, as loss of each sender.</summary>
internal static class LinkLosses
{
    /// <summary>
    /// For each board the packet loss rate of what it sends, 0 to 1: the mean over those that receive it. What full queues lost counts for nothing, as it
    /// would go with any other board too. A board of which nobody tells is left out.
    /// </summary>
    internal static Dictionary<string, double> Of(IEnumerable<BoardLinks> told) => told
        .SelectMany(receiver => receiver.Links)
        .GroupBy(link => link.Board)
        .ToDictionary(sender => sender.Key, sender => sender.Average(link => Math.Clamp(link.IncomingLoss - link.IncomingIncastLoss, 0, 1)));
}
