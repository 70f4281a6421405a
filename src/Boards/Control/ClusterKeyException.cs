namespace Halo.Boards.Control;

/// <summary>The cluster key file cannot be used; the message names the file and says what to do.</summary>
public sealed class ClusterKeyException : Exception
{
    /// <param name="message">What is wrong and what to do.</param>
    /// <param name="inner">What the file system said, where it said something.</param>
    public ClusterKeyException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
