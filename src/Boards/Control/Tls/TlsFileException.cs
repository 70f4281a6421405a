namespace Halo.Boards.Control.Tls;

/// <summary>A file with certificates or a key cannot be used; the message names it and says what to do.</summary>
public sealed class TlsFileException : IOException
{
    /// <param name="message">What is wrong and what to do.</param>
    /// <param name="inner">What the system said, where it said something.</param>
    public TlsFileException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
