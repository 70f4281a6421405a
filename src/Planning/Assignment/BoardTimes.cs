using Halo.Planning.Profiles;

namespace Halo.Planning.Assignment;

/// <summary>What groups of one kind cost a board, in memory and in time.</summary>
/// <param name="Board">The board.</param>
/// <param name="StageBytes">Bytes of weights of one group in one layer.</param>
/// <param name="HeldBytes">Bytes that one group takes in memory in all layers, KV included; at least 1.</param>
/// <param name="Streams">Whether groups may stay in storage: neuron groups, on a board that has some.</param>
internal readonly record struct BoardTimes(BoardProfile Board, long StageBytes, long HeldBytes, bool Streams)
{
    // One group is computed while the next comes.
    private const int RingGroups = 2;

    /// <summary>Seconds for 0, 1, ... groups of a stage, up to the most that the board can hold.</summary>
    /// <param name="free">Bytes of memory that are left.</param>
    /// <param name="groups">Groups that there are.</param>
    internal double[] Seconds(long free, int groups)
    {
        long fit = Math.Max(0, free) / HeldBytes;
        bool canStream = Streams && free >= RingGroups * StageBytes;
        double[] seconds = new double[(int)Math.Min(groups, canStream ? groups : fit) + 1];
        for (int count = 1; count < seconds.Length; count++)
        {
            double computing = count / Board.BytesPerSecond * StageBytes;
            double reading = count <= fit ? 0 : (double)(count - Resident(free)) * StageBytes / Board.StorageBytesPerSecond;
            seconds[count] = Math.Max(computing, reading) + Board.DelaySeconds;
        }

        return seconds;
    }

    /// <summary>Memory that so many groups take: all of them, or what is free where some stay in storage.</summary>
    internal long Taken(int count, long free) => count * HeldBytes <= free ? count * HeldBytes : free;

    private long Resident(long free) => (free - RingGroups * StageBytes) / HeldBytes;
}
