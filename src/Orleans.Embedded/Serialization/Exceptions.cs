namespace Orleans.Serialization;

/// <summary>A value could not be copied across a call.</summary>
public class SerializerException : Exception
{
    /// <param name="message">What could not be copied.</param>
    public SerializerException(string message)
        : base(message)
    {
    }
}

/// <summary>A type may not cross a call, most often for want of <see cref="GenerateSerializerAttribute"/>.</summary>
/// <param name="message">Names the type.</param>
public sealed class CodecNotFoundException(string message) : SerializerException(message);
