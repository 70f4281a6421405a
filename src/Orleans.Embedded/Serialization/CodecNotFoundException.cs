namespace Orleans.Serialization;

/// <summary>As upstream: a type may not cross a call, most often for want of <see cref="GenerateSerializerAttribute"/>.</summary>
/// <param name="message">Names the type.</param>
public sealed class CodecNotFoundException(string message) : Exception(message);

/// <summary>As upstream: which exceptions may cross calls without being marked. Without effect in one process, where all may.</summary>
public sealed class ExceptionSerializationOptions
{
    /// <summary>Beginnings of their namespaces. They arrive with their type and message, and nothing of their own.</summary>
    public HashSet<string> SupportedNamespacePrefixes { get; } = ["Microsoft", "System", "Azure"];
}
