namespace Halo.Planning.Importance;

/// <summary>A file is no importance file, or a damaged one; the message says what is wrong.</summary>
public sealed class ImportanceFormatException : Exception
{
    /// <param name="message">What is wrong.</param>
    public ImportanceFormatException(string message)
        : base(message)
    {
    }
}
