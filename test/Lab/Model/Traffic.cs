using Halo.Lab.Model;

namespace Halo.Lab.Tests.Model;

/// <summary>Made-up traffic on a network model: packets of one link, one after the other.</summary>
internal static class Traffic
{
    internal const long Millisecond = 1_000_000;

    internal static NetworkModel Network(LinkSettings settings, int boards = 2, ulong seed = 1)
    {
        NetworkModel network = new(boards, seed);
        network.SetAll(settings, 0);
        return network;
    }

    /// <summary>Sends packets from board 0 to board 1, evenly spaced in nanoseconds from 0 on; one list of arrivals a packet.</summary>
    internal static List<long[]> Send(NetworkModel network, int count, long interval, int bytes = 100, int from = 0, int to = 1)
    {
        Delivery[] deliveries = new Delivery[2 * network.BoardCount];
        List<long[]> arrivals = [];
        for (int i = 0; i < count; i++)
        {
            int arrived = network.Route(i * interval, from, to, bytes, deliveries);
            arrivals.Add([.. deliveries.Take(arrived).Select(delivery => delivery.Time)]);
        }

        return arrivals;
    }
}
