namespace Halo.Inference.Gguf;

/// <summary>A GGUF file that cannot be used. The message says what is wrong, where, and what to do where something can be done.</summary>
public sealed class GgufFormatException : Exception
{
    /// <param name="message">What is wrong and where: byte offset, tensor or key.</param>
    public GgufFormatException(string message)
        : base(message)
    {
    }

    /// <param name="message">What is wrong and where: byte offset, tensor or key.</param>
    /// <param name="innerException">What the system said.</param>
    public GgufFormatException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
