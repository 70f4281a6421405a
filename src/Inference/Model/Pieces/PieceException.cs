namespace Halo.Inference.Model.Pieces;

/// <summary>A manifest or a piece of a model that cannot be used. The message says which, what is wrong with it, and what to do.</summary>
public sealed class PieceException : Exception
{
    /// <param name="message">What cannot be used and why.</param>
    public PieceException(string message)
        : base(message)
    {
    }

    /// <param name="message">What cannot be used and why.</param>
    /// <param name="innerException">What the system said.</param>
    public PieceException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
