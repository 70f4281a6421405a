namespace Halo.Fabric.Datagrams.Links;

/// <summary>
/// Tells whether datagrams come out of a queue that has filled up. "Spike" of Tobe, Tamura, Molano, Ghosh and Tokuda, "Achieving moderate
/// fairness for UDP flows by path-status classification" (2000): a loss is congestion where the one-way trip time, against whatever clock, is in a
/// spike, which begins above the middle between its least and greatest value and ends below a third. Times are microseconds.
/// </summary>
/// <remarks>
/// Both extremes move to the present with a time constant of 5 s, so that clocks may drift apart by 100 millionths and lag by 0.5 ms only. The range
/// counts for 4 ms at least: a scheduler's noise of less than 2 ms is no spike, nor is a queue shorter than that.
/// </remarks>
internal struct SpikeMeter
{
    private const double LeastRange = 4_000;
    private const double Forget = 5_000_000;

    private bool _begun;
    private uint _origin; // the first trip: clocks differ by anything
    private long _at;
    private double _least;
    private double _most;

    /// <summary>Whether the latest datagram came in a spike.</summary>
    internal bool IsSpike { get; private set; }

    /// <summary>Takes a datagram's trip.</summary>
    /// <param name="now">When it came, by this board's clock.</param>
    /// <param name="sentAt">When it left, by the sender's clock, cut to 32 bits.</param>
    internal void Add(long now, uint sentAt)
    {
        uint raw = unchecked((uint)now - sentAt);
        if (!_begun)
        {
            (_begun, _origin, _at) = (true, raw, now);
        }

        double trip = unchecked((int)(raw - _origin));
        double share = Math.Min(1, (now - _at) / Forget);
        _at = now;
        _least = trip < _least ? trip : _least + (trip - _least) * share;
        _most = trip > _most ? trip : _most + (trip - _most) * share;
        double range = Math.Max(_most - _least, LeastRange);
        double above = trip - _least;
        IsSpike = above > range / 2 || (IsSpike && above > range / 3);
    }
}
