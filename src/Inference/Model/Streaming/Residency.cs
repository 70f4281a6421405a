using Halo.Inference.Model.Pieces;

namespace Halo.Inference.Model.Streaming;

/// <summary>A piece that is to stay in memory or to be streamed.</summary>
/// <param name="Id">The piece.</param>
/// <param name="Bytes">Bytes of its buffer.</param>
/// <param name="Place">Where it lies among the pieces of its shard, from 0 for the first to below 1.</param>
internal readonly record struct PieceNeed(PieceId Id, long Bytes, double Place);

/// <summary>Which pieces stay in memory.</summary>
/// <param name="Stays">For each piece whether it does.</param>
/// <param name="RingBytes">Bytes of the ring through which the others pass; 0 where there are none.</param>
internal sealed record Residency(bool[] Stays, long RingBytes)
{
    // Loading runs ahead of compute by this much: about 30 ms of a 1 GB/s device, longer than a stage's wait for the network.
    private const long UsualRing = 32 << 20;

    // Where memory is short the ring takes no more of it than this part, but two pieces in any case.
    private const int LeastRoomsInRing = 2;
    private const int RingShare = 8;

    /// <summary>The least memory with which some pieces can be streamed.</summary>
    internal static long LeastBytes(IEnumerable<long> pieces) => LeastRoomsInRing * pieces.DefaultIfEmpty().Max();

    /// <summary>
    /// Chooses. Attention comes first: its pieces are large and always wanted. Then neuron groups, by importance where that is known, else every
    /// shard's first pieces before the second ones, so that what is streamed is spread evenly over a step. The LM head comes with them, or
    /// after them where importance is known.
    /// </summary>
    /// <param name="pieces">All pieces.</param>
    /// <param name="budget">Bytes for all of them and the ring.</param>
    /// <param name="importance">What a piece of neuron groups is worth; null where that is not known.</param>
    /// <returns>The choice; null where the budget has no room for the ring.</returns>
    internal static Residency? Choose(IReadOnlyList<PieceNeed> pieces, long budget, Func<PieceId, double>? importance)
    {
        if (pieces.Sum(piece => piece.Bytes) <= budget)
        {
            return new Residency([.. pieces.Select(_ => true)], 0);
        }

        int[] order = Order(pieces, importance);
        for (long ring = Math.Min(UsualRing, budget / RingShare); ring <= budget;)
        {
            bool[] stays = Fill(pieces, order, budget - ring);
            long least = LeastBytes(pieces.Where((_, index) => !stays[index]).Select(piece => piece.Bytes));
            if (least <= ring)
            {
                return new Residency(stays, ring);
            }

            ring = least;
        }

        return null;
    }

    private static int[] Order(IReadOnlyList<PieceNeed> pieces, Func<PieceId, double>? importance)
    {
        IOrderedEnumerable<int> kinds = Enumerable.Range(0, pieces.Count).OrderBy(index => (pieces[index].Id.Kind, importance) switch
        {
            (PieceKind.Attention, _) => 0,
            (PieceKind.Vocabulary, not null) => 2,
            _ => 1,
        });
        return
        [
            .. kinds.ThenByDescending(index => pieces[index].Id.Kind == PieceKind.FeedForward ? importance?.Invoke(pieces[index].Id) ?? 0 : 0)
                .ThenBy(index => pieces[index].Place)
                .ThenBy(index => index),
        ];
    }

    private static bool[] Fill(IReadOnlyList<PieceNeed> pieces, int[] order, long room)
    {
        bool[] stays = new bool[pieces.Count];
        foreach (int index in order)
        {
            stays[index] = pieces[index].Bytes <= room;
            room -= stays[index] ? pieces[index].Bytes : 0;
        }

        return stays;
    }
}
