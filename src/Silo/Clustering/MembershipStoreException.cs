namespace Halo.Silo.Clustering;

/// <summary>A membership store cannot be used; the message says what is wrong and what to do, and never holds a password.</summary>
public sealed class MembershipStoreException : Exception
{
    /// <param name="message">What is wrong and what to do.</param>
    /// <param name="inner">What the driver or the system said, where it said something.</param>
    public MembershipStoreException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
