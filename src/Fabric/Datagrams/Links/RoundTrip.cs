namespace Halo.Fabric.Datagrams.Links;

/// <summary>
/// The round trip to another board and how long to wait for its acknowledgement: Jacobson's and Karels' smoothed mean and deviation. A datagram
/// brings back the time it answers, so a resend never blurs a sample. Times are microseconds.
/// </summary>
internal struct RoundTrip
{
    /// <summary>No resend earlier than this after a chunk was sent: below it lies the noise of schedulers.</summary>
    internal const long Floor = 1_500;

    /// <summary>No resend later than this after the one before, however often the chunk was sent, unless an acknowledgement itself takes longer.</summary>
    internal const long Ceiling = 200_000;

    private const long Longest = 2_000_000; // where frames wait so long in a shared medium, sending again sooner makes them wait longer

    private const int EagerResends = 5;
    private const long First = 20_000; // before anything is known: long for a local network, short for a person

    private double _mean;
    private double _deviation;

    /// <summary>The smoothed mean; 0 before the first sample.</summary>
    internal readonly long Mean => (long)_mean;

    /// <summary>The smoothed mean deviation.</summary>
    internal readonly long Deviation => (long)_deviation;

    /// <summary>
    /// How long a receiver may keep an acknowledgement back, hoping for a chunk that carries it. Both ends see the same round trip, so the sender
    /// knows how long that is.
    /// </summary>
    internal readonly long AcknowledgeWithin => Math.Clamp(Mean / 4, 500, 3_000);

    /// <summary>How long to wait for an acknowledgement before the first resend.</summary>
    internal readonly long Timeout => _mean == 0 ? First : Math.Clamp((long)(_mean + 4 * _deviation) + AcknowledgeWithin, Floor, Longest);

    /// <summary>How much longer a chunk takes that has to be sent again: the wait, and the way.</summary>
    internal readonly long ResendTime => Timeout + Mean / 2;

    /// <summary>Takes a sample, of at least 0.</summary>
    internal void Add(long sample)
    {
        double value = Math.Max(sample, 1);
        if (_mean == 0)
        {
            (_mean, _deviation) = (value, value / 2);
            return;
        }

        _deviation += (Math.Abs(value - _mean) - _deviation) / 4;
        _mean += (value - _mean) / 8;
    }

    /// <summary>
    /// How long to wait after the n-th resend: as before the first, then twice as long each time. An eager sender waits half a round trip a few
    /// times before that: the link is bad, and what it sends first when the link is good again counts.
    /// </summary>
    internal readonly long TimeoutAfter(int resends, bool isEager)
    {
        if (isEager && resends is > 0 and <= EagerResends)
        {
            return Math.Min(Math.Max(Mean / 2, Floor), Timeout);
        }

        return Math.Min(Timeout << Math.Clamp(resends - (isEager ? EagerResends : 1), 0, 8), Math.Max(Ceiling, Timeout));
    }
}
