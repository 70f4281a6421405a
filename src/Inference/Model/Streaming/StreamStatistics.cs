namespace Halo.Inference.Model.Streaming;

/// <summary>What streaming weights did since the board took up the model.</summary>
/// <param name="ResidentBytes">Bytes of weights that stay in memory.</param>
/// <param name="StreamedBytes">Bytes of weights that are read anew for each token.</param>
/// <param name="RingBytes">Bytes of the buffer through which they pass.</param>
/// <param name="ReadBytes">Bytes read for steps.</param>
/// <param name="Waits">How often compute waited for a piece.</param>
/// <param name="WaitTime">How long, in all.</param>
/// <param name="LatePieces">Pieces that were missing from a sum because they were not loaded by the deadline.</param>
/// <param name="LeftOutPieces">Pieces that were missing from a sum because the order of loading left them out.</param>
public sealed record StreamStatistics(
    long ResidentBytes, long StreamedBytes, long RingBytes, long ReadBytes, long Waits, TimeSpan WaitTime, long LatePieces, long LeftOutPieces)
{
    /// <summary>Nothing is streamed.</summary>
    public static StreamStatistics None { get; } = new(0, 0, 0, 0, 0, TimeSpan.Zero, 0, 0);
}
