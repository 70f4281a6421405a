namespace Orleans.Serialization;

/// <summary>As upstream: a type may not cross a call, most often for want of <see cref="GenerateSerializerAttribute"/>.</summary>
/// <param name="message">Names the type.</param>
public sealed class CodecNotFoundException(string message) : Exception(message);
