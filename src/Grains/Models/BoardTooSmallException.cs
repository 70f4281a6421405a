namespace Halo.Grains.Models;

/// <summary>A board's memory or disk is too small for its part of a plan. Stays within the model grain.</summary>
/// <param name="board">The board.</param>
/// <param name="message">What it said, with the numbers.</param>
internal sealed class BoardTooSmallException(string board, string message) : Exception(message)
{
    internal string Board { get; } = board;
}
