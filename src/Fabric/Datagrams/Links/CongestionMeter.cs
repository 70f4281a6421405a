namespace Halo.Fabric.Datagrams.Links;

/// <summary>Judges, datagram by datagram, whether those missing next to it were lost in a full queue: its own trip tells, or those of other boards.</summary>
/// <param name="place">The sender's place.</param>
/// <param name="spikes">What the links of this board tell.</param>
internal sealed class CongestionMeter(int place, SpikeWatch spikes)
{
    private const long LongestWait = 500; // what may have lain here for longer, microseconds, says nothing of queues on its way

    private const long Recent = 50_000;    // a queue that was full longer ago, microseconds, is not what a link lost so much in

    private SpikeMeter _spike;
    private ulong _newest;
    private long _newestAt = long.MaxValue;

    /// <summary>Whether a datagram came out of a full queue, or after others that were lost in one.</summary>
    /// <param name="now">When it was read, in microseconds.</param>
    /// <param name="number">Its packet number.</param>
    /// <param name="sentAt">When it left, by the sender's clock.</param>
    /// <param name="waited">How long it may have lain in this board's buffer.</param>
    internal bool IsFromFullQueue(long now, ulong number, uint sentAt, long waited)
    {
        if (waited <= LongestWait)
        {
            _spike.Add(now, sentAt);
            if (_spike.IsSpike)
            {
                spikes.Note(place, now);
            }
        }

        bool isFull = _spike.IsSpike || (number > _newest + 1 && spikes.OthersSince(place, Math.Max(_newestAt, now - Recent)));
        if (number > _newest)
        {
            (_newest, _newestAt) = (number, now);
        }

        return isFull;
    }
}
