namespace Halo.Fabric.Datagrams.Links;

/// <summary>
/// When datagrams of which boards last came in a spike. All that comes here shares the last queue, where a whole train of one board may be lost while
/// only the others' trips show that it was full. One a board, shared by its links. Times are microseconds.
/// </summary>
/// <param name="boards">Boards, by place.</param>
internal sealed class SpikeWatch(int boards)
{
    private readonly long[] _at = new long[boards]; // 0: never

    /// <summary>A datagram of a board came in a spike.</summary>
    internal void Note(int place, long now) => _at[place] = now;

    /// <summary>
    /// Whether two others have had a spike since a time, or the only other one: a single link's own troubles say nothing of what all share.
    /// </summary>
    /// <param name="place">The board that is not asked about.</param>
    /// <param name="since">The time.</param>
    internal bool OthersSince(int place, long since)
    {
        int others = 0;
        for (int other = 0; other < _at.Length; other++)
        {
            others += other != place && _at[other] > since ? 1 : 0;
        }

        return others > 0 && others >= Math.Min(2, _at.Length - 2);
    }
}
