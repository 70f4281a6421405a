using Halo.Planning.Assignment;

namespace Halo.Grains.Models;

/// <summary>A board's memory or disk is too small for its part of a plan. Stays within the model grain.</summary>
/// <param name="board">The board.</param>
/// <param name="message">What it said, with the numbers.</param>
internal sealed class BoardTooSmallException(string board, string message) : Exception(message)
{
    internal string Board { get; } = board;

    /// <summary>Ends with the work; a refusal for want of room then names the board.</summary>
    internal static async Task Naming(string board, Task work)
    {
        try
        {
            await work;
        }
        catch (PlanDoesNotFitException fault)
        {
            throw new BoardTooSmallException(board, fault.Message);
        }
    }
}
