namespace Halo.Lab;

/// <summary>The laboratory cannot be set up, or something in it failed; the message says what and what to do.</summary>
public sealed class LabException : Exception
{
    /// <param name="message">What is wrong and what to do.</param>
    /// <param name="cause">What the system said, if it did.</param>
    public LabException(string message, Exception? cause = null)
        : base(message, cause)
    {
    }
}
