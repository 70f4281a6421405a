using System.Globalization;

namespace Orleans;

/// <summary>As upstream: idle activations of this class stay.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class KeepAliveAttribute : Attribute;

/// <summary>As upstream: how long a caller of this method waits for its answer, instead of 30 s.</summary>
/// <param name="timeout">As <see cref="TimeSpan.Parse(string)"/> reads it.</param>
[AttributeUsage(AttributeTargets.Method)]
#pragma warning disable CA1019 // Upstream's shape: the argument is text, the property a time span.
public sealed class ResponseTimeoutAttribute(string timeout) : Attribute
#pragma warning restore CA1019
{
    /// <summary>The time a caller waits.</summary>
    public TimeSpan? Timeout { get; } = TimeSpan.Parse(timeout, CultureInfo.InvariantCulture);
}
