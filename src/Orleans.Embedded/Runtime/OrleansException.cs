namespace Orleans.Runtime;

/// <summary>A failure of the runtime rather than of a grain.</summary>
public class OrleansException : Exception
{
    /// <param name="message">What failed.</param>
    public OrleansException(string message)
        : base(message)
    {
    }
}

/// <summary>A request was not delivered.</summary>
public class OrleansMessageRejectionException : OrleansException
{
    internal OrleansMessageRejectionException(string message)
        : base(message)
    {
    }
}

/// <summary>The silo that had the request died, or there is no silo to take it.</summary>
/// <param name="msg">Which silo, which request.</param>
public sealed class SiloUnavailableException(string msg) : OrleansMessageRejectionException(msg);

/// <summary>An async stream ended early because its grain was deactivated.</summary>
/// <param name="message">Which stream.</param>
public sealed class EnumerationAbortedException(string message) : Exception(message);
