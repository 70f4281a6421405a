namespace Halo.Inference.Gguf;

/// <summary>
/// A GGUF file that cannot be used. The message says what is wrong, where, and what to do where something can be done. What it quotes of the file may
/// be long and hold anything: the message is cut in its middle, and control characters become spaces.
/// </summary>
public sealed class GgufFormatException : Exception
{
    private const int MostChars = 1000;

    /// <param name="message">What is wrong and where: byte offset, tensor or key.</param>
    public GgufFormatException(string message)
        : base(Readable(message))
    {
    }

    /// <param name="message">What is wrong and where: byte offset, tensor or key.</param>
    /// <param name="innerException">What the system said.</param>
    public GgufFormatException(string message, Exception innerException)
        : base(Readable(message), innerException)
    {
    }

    private static string Readable(string message)
    {
        string cut = message.Length <= MostChars ? message : $"{message.AsSpan(0, MostChars / 2)} … {message.AsSpan(message.Length - (MostChars / 4))}";
        return cut.Any(char.IsControl) ? string.Concat(cut.Select(character => char.IsControl(character) ? ' ' : character)) : cut;
    }
}
