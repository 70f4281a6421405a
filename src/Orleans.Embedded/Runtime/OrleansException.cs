namespace Orleans.Runtime;

/// <summary>As upstream: a failure of the runtime rather than of a grain.</summary>
/// <param name="message">What failed.</param>
public class OrleansException(string message) : Exception(message);

/// <summary>As upstream: the silo that had the request died, or there is no silo to take it.</summary>
/// <param name="msg">Which silo, which request.</param>
public sealed class SiloUnavailableException(string msg) : OrleansException(msg);

/// <summary>As upstream: an async stream ended early because its grain was deactivated.</summary>
/// <param name="message">Which stream.</param>
public sealed class EnumerationAbortedException(string message) : Exception(message);
