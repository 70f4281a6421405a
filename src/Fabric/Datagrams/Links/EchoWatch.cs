namespace Halo.Fabric.Datagrams.Links;

/// <summary>
/// Whether a link is bad at this moment, from the echoes that come back: the other board says which datagram came last by the straight way. Where one
/// that was sent later must have come as well and has not, the link has begun to lose. Times are microseconds, cut to 32 bits.
/// </summary>
internal struct EchoWatch
{
    private const int Kept = 16;

    private Times _sent;
    private int _next;

    /// <summary>Whether what was sent last did not come.</summary>
    internal bool IsBad { get; private set; }

    /// <summary>Notes a datagram that leaves.</summary>
    internal void NoteSent(uint now) => _sent[_next++ % Kept] = now;

    /// <summary>Takes an echo.</summary>
    /// <param name="now">The time.</param>
    /// <param name="echo">When the datagram left that came last.</param>
    /// <param name="roundTrip">How long after leaving a datagram should show in an echo, at most.</param>
    internal void Take(uint now, uint echo, uint roundTrip)
    {
        for (int i = 0; i < Math.Min(_next, Kept); i++)
        {
            uint sent = _sent[i];
            if (unchecked((int)(sent - echo)) > 0 && unchecked(now - sent) > roundTrip)
            {
                IsBad = true;
                return;
            }
        }

        IsBad = false;
    }

    [System.Runtime.CompilerServices.InlineArray(Kept)]
    private struct Times
    {
        private uint _first;
    }
}
