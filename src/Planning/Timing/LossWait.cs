namespace Halo.Planning.Timing;

/// <summary>The seconds that one exchange is expected to wait because messages are lost: the longest wait of all its messages.</summary>
internal static class LossWait
{
    // Losses that many times in a row are left away; at 20 % it is one in 400,000 of a message.
    private const int MostRounds = 8;

    /// <summary>Datagrams: a wait for every round of resends that any message needs.</summary>
    /// <param name="losses">Loss of each message on its own.</param>
    /// <param name="copies">Times that each is sent at once.</param>
    /// <param name="first">Seconds until the first resend.</param>
    /// <param name="later">Seconds between later ones.</param>
    /// <param name="doubling">Whether the wait doubles each time.</param>
    internal static double Datagrams(IReadOnlyList<double> losses, int copies, double first, double later, bool doubling)
    {
        double wait = 0;
        for (int round = 0; round < MostRounds; round++)
        {
            double timer = doubling ? first * Math.Pow(2, round) : round == 0 ? first : later;
            wait += timer * Any(losses, loss => Math.Pow(loss, copies + round));
        }

        return wait;
    }

    /// <summary>TCP: repaired by a probe at first where it has one, then by a timer that doubles.</summary>
    /// <param name="losses">Loss of each message.</param>
    /// <param name="probe">Seconds of the first repair; null where the timer has to do that too.</param>
    /// <param name="timer">Seconds of the timer.</param>
    /// <param name="repairLoss">How much likelier than a message a repair fails.</param>
    internal static double Streams(IReadOnlyList<double> losses, double? probe, double timer, double repairLoss)
    {
        double wait = 0;
        double next = timer;
        for (int round = 0; round < MostRounds; round++)
        {
            double seconds = next;
            if (round == 0 && probe is { } quick)
            {
                seconds = quick;
            }
            else
            {
                next *= 2;
            }

            int failures = round;
            wait += seconds * Any(losses, loss => loss * Math.Pow(Math.Min(1, loss * repairLoss), failures));
        }

        return wait;
    }

    /// <summary>That any of several independent things happens.</summary>
    internal static double Any(IEnumerable<double> messages, Func<double, double> chance) =>
        1 - messages.Aggregate(1.0, (none, loss) => none * (1 - chance(loss)));
}
