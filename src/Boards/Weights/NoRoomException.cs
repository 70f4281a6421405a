namespace Halo.Boards.Weights;

/// <summary>The piece cache may not take what a board is to hold. The message has the numbers and says what to do.</summary>
/// <param name="message">What was needed and what there is.</param>
public sealed class NoRoomException(string message) : Exception(message);
