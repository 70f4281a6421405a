using Halo.Planning.Assignment;
using Halo.Planning.Profiles;

namespace Halo.Boards;

/// <summary>What grains ask of a board, whether it is in this process or in another.</summary>
/// <remarks>Every call may fail with <see cref="BoardLostException"/> where the board is in another process.</remarks>
public interface IBoard : IBoardPeer
{
    /// <summary>Name, speed and memory.</summary>
    BoardProfile Profile { get; }

    /// <summary>Cores that the board's process may use.</summary>
    int Cores { get; }

    string IBoardPeer.Name => Profile.Name;

    /// <summary>What the board holds of a model right now.</summary>
    Task<ShareStatistics> GetStatisticsAsync(string model);

    /// <summary>How the board exchanges a model's sums with others, and what it knows of its links right now.</summary>
    Task<SessionLinks> GetLinksAsync(string model);

    /// <summary>Takes note of a plan, after checking that the board can hold its part.</summary>
    /// <exception cref="PlanDoesNotFitException">The board's memory or disk is too small; the message has the numbers.</exception>
    Task PrepareAsync(Plan plan);

    /// <summary>Makes a prepared plan the one that steps run under; no step may be under way.</summary>
    Task CommitAsync(string model, int version);

    /// <summary>Frees what only plans before the committed one needed.</summary>
    Task RetireAsync(string model);

    /// <summary>Forgets a prepared plan that will not be committed.</summary>
    Task AbandonAsync(string model, int version);

    /// <summary>Loads a shard and registers it. Registering what is already there takes back its leaving.</summary>
    /// <returns>Whether it was loaded now; false where it was there, with its KV.</returns>
    Task<bool> RegisterAsync(string model, ShardSlice slice);

    /// <summary>Takes a shard off the board.</summary>
    /// <param name="model">The model.</param>
    /// <param name="slice">The shard.</param>
    /// <param name="untilRetired">Keep it for the committed plan until that is retired.</param>
    Task UnregisterAsync(string model, ShardSlice slice, bool untilRetired);

    /// <summary>Takes over KV that <see cref="IBoardPeer.ExportKvAsync"/> wrote; sequences that are not in it are dropped.</summary>
    /// <returns>What the copy now holds.</returns>
    Task<IReadOnlyList<KvMark>> ImportKvAsync(string model, ShardSlice slice, IReadOnlyList<KvBlock> blocks);
}

/// <summary>A board cannot be reached any more; the message names it and says why.</summary>
public sealed class BoardLostException : Exception
{
    /// <param name="board">The board's name.</param>
    /// <param name="message">What happened, the board's name included.</param>
    public BoardLostException(string board, string message)
        : base(message) => Board = board;

    /// <summary>The board's name.</summary>
    public string Board { get; }
}
