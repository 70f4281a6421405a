namespace Halo.Fabric.Datagrams.Links;

/// <summary>What has passed over a link since it began.</summary>
internal struct LinkCounts
{
    internal long SentDatagrams;
    internal long SentBytes;
    internal long ReceivedDatagrams;
    internal long ReceivedBytes;
    internal long ResentChunks;
    internal long CopiedChunks;
    internal long CarriedChunks;
    internal long RejectedDatagrams;

    private RateMeter _sent;
    private RateMeter _received;

    internal void NoteSent(long now, int bytes)
    {
        SentDatagrams++;
        SentBytes += bytes;
        _sent.Add(now, bytes);
    }

    internal void NoteReceived(long now, int bytes)
    {
        ReceivedDatagrams++;
        ReceivedBytes += bytes;
        _received.Add(now, bytes);
    }

    internal readonly LinkStatistics Snapshot(string board, long now)
    {
        (double sentBytes, double sentDatagrams) = _sent.PerSecond(now);
        (double receivedBytes, double receivedDatagrams) = _received.PerSecond(now);
        return new LinkStatistics(board)
        {
            SentDatagrams = SentDatagrams,
            SentBytes = SentBytes,
            ReceivedDatagrams = ReceivedDatagrams,
            ReceivedBytes = ReceivedBytes,
            OutgoingBytesPerSecond = sentBytes,
            OutgoingDatagramsPerSecond = sentDatagrams,
            IncomingBytesPerSecond = receivedBytes,
            IncomingDatagramsPerSecond = receivedDatagrams,
            ResentChunks = ResentChunks,
            CopiedChunks = CopiedChunks,
            CarriedChunks = CarriedChunks,
            RejectedDatagrams = RejectedDatagrams,
        };
    }
}
