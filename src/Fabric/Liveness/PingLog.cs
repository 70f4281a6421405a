namespace Halo.Fabric.Liveness;

/// <summary>The last pings to a process: which were answered, and how fast. Not safe for threads.</summary>
/// <param name="patience">
/// After this long a ping without an answer counts as lost, and a late answer tells nothing of the link: the process stood still.
/// </param>
/// <param name="oldest">An answer later than this is none.</param>
internal sealed class PingLog(TimeSpan patience, TimeSpan oldest)
{
    private const int Kept = 128;
    private const int Judged = 100;      // pings that the share of losses looks back on
    private const double Smoothing = 1 / 8.0; // as TCP smooths its round-trip time

    private readonly Ping[] _pings = new Ping[Kept]; // ping n lies at n % Kept

    /// <summary>Pings sent.</summary>
    internal long Sent { get; private set; }

    /// <summary>Pings answered.</summary>
    internal long Answered { get; private set; }

    /// <summary>Smoothed round-trip time; null before the first answer in time.</summary>
    internal TimeSpan? RoundTrip { get; private set; }

    /// <summary>Notes a ping and gives it its place: 1 for the first, then 2, and so on.</summary>
    internal long Add(TimeSpan now)
    {
        _pings[++Sent % Kept] = new Ping(now, IsAnswered: false);
        return Sent;
    }

    /// <summary>Notes the answer to a ping; false where there was no such ping, it was answered before, or it is too old.</summary>
    internal bool TryAnswer(long place, TimeSpan now)
    {
        if (place <= 0 || place > Sent || place <= Sent - Kept)
        {
            return false;
        }

        ref Ping ping = ref _pings[place % Kept];
        TimeSpan age = now - ping.SentAt;
        if (ping.IsAnswered || age > oldest)
        {
            return false;
        }

        ping = ping with { IsAnswered = true };
        Answered++;
        if (age < patience)
        {
            RoundTrip = RoundTrip is { } smooth ? smooth + ((age - smooth) * Smoothing) : age;
        }

        return true;
    }

    /// <summary>Share of pings without an answer, 0 to 1, among the last 100 that were answered or had the time to be; 0 where there is none.</summary>
    internal double LossShare(TimeSpan now)
    {
        int judged = 0;
        int lost = 0;
        for (long place = Sent; place > Math.Max(0, Sent - Kept) && judged < Judged; place--)
        {
            Ping ping = _pings[place % Kept];
            if (ping.IsAnswered)
            {
                judged++;
            }
            else if (now - ping.SentAt >= patience)
            {
                judged++;
                lost++;
            }
        }

        return judged == 0 ? 0 : (double)lost / judged;
    }

    private readonly record struct Ping(TimeSpan SentAt, bool IsAnswered);
}
