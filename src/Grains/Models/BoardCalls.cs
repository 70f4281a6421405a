using Halo.Boards;
using Halo.Planning.Assignment;

namespace Halo.Grains.Models;

/// <summary>Says of which board a fault is.</summary>
internal static class BoardCalls
{
    /// <summary>Ends with the work; a refusal, and silence, then name the board.</summary>
    /// <exception cref="BoardRefusedException">The board has too little memory or disk, or must be started otherwise.</exception>
    /// <exception cref="BoardLostException">The board's silo does not answer.</exception>
    internal static async Task Naming(string board, Task work)
    {
        try
        {
            await work;
        }
        catch (Exception fault) when (fault is PlanDoesNotFitException or BoardUnfitException)
        {
            throw new BoardRefusedException(board, fault.Message);
        }
        catch (Exception fault) when (IsSilence(fault))
        {
            throw new BoardLostException(board, $"Board {board} does not answer: {fault.Message}");
        }
    }

    /// <summary>Whether a call was not answered, or not delivered: the silo it went to is gone, or will soon be known to be.</summary>
    internal static bool IsSilence(Exception fault) => fault is OrleansException or TimeoutException;
}
