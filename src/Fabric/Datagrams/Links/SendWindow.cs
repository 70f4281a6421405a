namespace Halo.Fabric.Datagrams.Links;

/// <summary>
/// How many chunks may be on the way to a board: fewer where queues before it overflow, as more copies would only make them longer. Halved when it
/// reports more loss of that kind, once a round trip at most, and never below 2; one more for every window that is acknowledged. A link that had no
/// more than 4 on the way did not fill a queue, and is left alone: single sums would only wait for acknowledgements.
/// </summary>
/// <param name="most">Most chunks, where nothing overflows; at least 2.</param>
internal sealed class SendWindow(int most)
{
    private const int Least = 2;

    private const int Few = 4;

    private double _size = most;
    private long _onWay; // most since it shrank
    private long _shrunkAt = -1;

    /// <summary>Most chunks on the way now.</summary>
    internal int Size => (int)_size;

    /// <summary>So many chunks are on the way.</summary>
    internal void NoteOnWay(long chunks) => _onWay = Math.Max(_onWay, chunks);

    /// <summary>The other board reports that a queue overflowed.</summary>
    /// <param name="now">Microseconds.</param>
    /// <param name="roundTrip">In microseconds.</param>
    internal void OnIncast(long now, long roundTrip)
    {
        if (_onWay > Few && (_shrunkAt < 0 || now - _shrunkAt >= roundTrip))
        {
            _shrunkAt = now;
            _size = Math.Max(Least, Math.Min(_size, _onWay) / 2);
            _onWay = 0;
        }
    }

    /// <summary>Chunks were acknowledged.</summary>
    internal void OnAcknowledged(long chunks) => _size = Math.Min(most, _size + chunks / _size);
}
