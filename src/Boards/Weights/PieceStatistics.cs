namespace Halo.Boards.Weights;

/// <summary>What a piece cache did since it was opened.</summary>
/// <param name="StoredPieces">Pieces that were received and stored.</param>
/// <param name="StoredBytes">Their bytes.</param>
/// <param name="ReusedPieces">Times that a piece was opened which had not to be received for it.</param>
/// <param name="ReusedBytes">The bytes of these pieces.</param>
/// <param name="EvictedPieces">Pieces that were deleted to make room.</param>
/// <param name="DamagedPieces">Pieces that were deleted because they were damaged.</param>
public sealed record PieceStatistics(
    int StoredPieces,
    long StoredBytes,
    int ReusedPieces,
    long ReusedBytes,
    int EvictedPieces,
    int DamagedPieces);
