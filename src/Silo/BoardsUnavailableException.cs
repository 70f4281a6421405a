namespace Halo.Silo;

/// <summary>Boards that the user named cannot be reached or refuse; the message names each with its reason.</summary>
public sealed class BoardsUnavailableException : Exception
{
    /// <param name="message">Which boards, and why.</param>
    public BoardsUnavailableException(string message)
        : base(message)
    {
    }
}
