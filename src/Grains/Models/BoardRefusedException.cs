namespace Halo.Grains.Models;

/// <summary>A board cannot take its part of a plan: its memory or disk is too small for it, or it was not started as it must be. Stays within the model grain.</summary>
/// <param name="board">The board.</param>
/// <param name="message">What it said: the numbers, or what to do.</param>
internal sealed class BoardRefusedException(string board, string message) : Exception(message)
{
    internal string Board { get; } = board;
}
