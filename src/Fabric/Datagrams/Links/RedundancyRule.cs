using Halo.Fabric.Datagrams.Format;

namespace Halo.Fabric.Datagrams.Links;

/// <summary>What a choice of redundancy depends on.</summary>
/// <param name="Loss">Packet loss rate of the link, 0 to 1, without what full queues lose.</param>
/// <param name="Burst">Datagrams lost in a row on average; what independent loss has, 1 / (1 - loss), or less is none.</param>
/// <param name="Links">Directed links whose chunks a stage waits for, at least 1.</param>
/// <param name="Datagrams">Datagrams of the train: of what one board sends another at once; at least 1.</param>
/// <param name="MostCopies">Most times that a datagram is sent at once, at least 1.</param>
/// <param name="ResendTime">How long a stage waits longer where it needs a resend, in any unit of time, above 0.</param>
/// <param name="DatagramCost">How much longer a stage takes where each of its links carries one datagram more, in the same unit.</param>
internal readonly record struct RedundancyCase(
    double Loss, double Burst, int Links, int Datagrams, int MostCopies, double ResendTime, double DatagramCost)
{
    /// <summary>Whether copies take another way than the first: what a burst loses here says nothing of them.</summary>
    internal bool CopiesGoElsewhere { get; init; }

    /// <summary>Whether parity may be chosen.</summary>
    internal bool AllowsParity { get; init; } = true;
}

/// <summary>What is sent beyond the first of each datagram.</summary>
/// <param name="Copies">Times that each is sent, the first included, at least 1.</param>
/// <param name="GroupSize">Datagrams that share a parity datagram, at most; 0 where there is none.</param>
internal readonly record struct Redundancy(int Copies, int GroupSize)
{
    internal static readonly Redundancy None = new(1, 0);
}

/// <summary>
/// Chooses the redundancy with which a stage is expected to end first.
/// <para>
/// The expected delay of a stage is R * W + E * c: resend time by the rounds of resends waited for, plus datagrams beyond the first by their
/// cost. The N = links * datagrams of a stage are all waited for, so W = sum over j of 1 - (1 - q p^j)^N, where q is the chance that one has not
/// come after what was sent at once, and p^j that j resends were lost as well: the mean of a maximum of geometric variables. With k copies
/// q = p s^(k-1). With parity over groups of m datagrams q = p (1 - (1 - s)^2 (1 - p)^(m-2)): lost, and another of the group (m - 1 others and
/// the parity) lost too.
/// </para>
/// <para>
/// s is the chance that what is sent d datagrams after a lost one is lost too. Losses are taken for Gilbert's two-state chain ("Capacity of a
/// burst-noise channel", 1960), whose mean burst b and loss p give s = p + (1 - p) (1 - 1/b - p / ((1 - p) b))^d: p where loss is independent.
/// A copy follows after the whole train, a parity's members lie as many datagrams apart as there are groups. Assumed besides: all links of the stage lose as much
/// and choose alike, resends are lost independently (they come later than a burst lasts), and processor and air do nothing else meanwhile.
/// </para>
/// </summary>
internal static class RedundancyRule
{
    /// <summary>Most datagrams that share a parity datagram.</summary>
    internal const int LargestGroup = ParityChunk.MostMembers;

    private const int MostSends = 12; // rounds beyond are not worth counting

    /// <summary>The best choice; of equally good ones that with the fewest datagrams.</summary>
    internal static Redundancy Choose(in RedundancyCase given)
    {
        Redundancy best = Redundancy.None;
        if (given.Loss <= 0)
        {
            return best;
        }

        double least = Delay(given, best);
        for (int size = LargestGroup; given.AllowsParity && given.Datagrams > 1 && size > 1; size--)
        {
            Consider(given, new Redundancy(1, Math.Min(size, given.Datagrams)), ref best, ref least);
        }

        for (int copies = 2; copies <= given.MostCopies; copies++)
        {
            Consider(given, new Redundancy(copies, 0), ref best, ref least);
        }

        return best;
    }

    /// <summary>By how much longer than one without loss and redundancy a stage is expected to take.</summary>
    internal static double Delay(in RedundancyCase given, in Redundancy choice) =>
        given.ResendTime * Waits(given, choice) + given.DatagramCost * Extra(given.Datagrams, choice);

    /// <summary>Datagrams beyond the first of each in a train.</summary>
    internal static int Extra(int datagrams, in Redundancy choice) => (choice.Copies - 1) * datagrams + Groups(datagrams, choice.GroupSize);

    /// <summary>Parity datagrams of a train.</summary>
    internal static int Groups(int datagrams, int groupSize) => groupSize == 0 ? 0 : (datagrams + groupSize - 1) / groupSize;

    private static void Consider(in RedundancyCase given, in Redundancy choice, ref Redundancy best, ref double least)
    {
        double delay = Delay(given, choice);
        if (delay < least)
        {
            (best, least) = (choice, delay);
        }
    }

    // Rounds of resends that a stage waits for. The sum ends after so many sends in all, or more copies would not look better where nothing comes.
    private static double Waits(in RedundancyCase given, in Redundancy choice)
    {
        int all = given.Links * given.Datagrams;
        double waits = 0;
        double missing = Missing(given, choice);
        for (int sends = choice.Copies; sends <= MostSends && missing * all > 1e-6; sends++)
        {
            waits += 1 - Math.Pow(1 - missing, all);
            missing *= given.Loss;
        }

        return waits;
    }

    private static double Missing(in RedundancyCase given, in Redundancy choice)
    {
        double loss = given.Loss;
        if (choice.GroupSize == 0)
        {
            double again = given.CopiesGoElsewhere ? loss : LossAfterLoss(given, given.Datagrams);
            return loss * Math.Pow(again, choice.Copies - 1);
        }

        int groups = Groups(given.Datagrams, choice.GroupSize);
        double next = LossAfterLoss(given, groups);
        int others = (given.Datagrams + groups - 1) / groups;
        int neighbours = Math.Min(2, others);
        return loss * (1 - Math.Pow(1 - next, neighbours) * Math.Pow(1 - loss, others - neighbours));
    }

    private static double LossAfterLoss(in RedundancyCase given, int distance)
    {
        double good = 1 - given.Loss;
        if (good <= 0)
        {
            return 1;
        }

        double memory = given.Burst <= 1 ? 0 : Math.Max(0, 1 - 1 / given.Burst - given.Loss / (good * given.Burst));
        return given.Loss + good * Math.Pow(memory, distance);
    }
}
