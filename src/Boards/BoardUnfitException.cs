namespace Halo.Boards;

/// <summary>A board can have no part in a model as it was started: it must be started otherwise first. The others can do without it.</summary>
/// <param name="message">Why, and what to do.</param>
public sealed class BoardUnfitException(string message) : Exception(message);
