using System.Text;

namespace Halo.Inference.Tokenization;

/// <summary>
/// Turns tokens into text one by one. A character that spans tokens is held back until it is whole; bytes that can no longer
/// become a character give U+FFFD. The concatenated results are the text of the whole sequence.
/// </summary>
public sealed class StreamingDetokenizer
{
    private readonly ITokenizer _tokenizer;
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();
    private bool _stripSpace;

    /// <param name="tokenizer">Vocabulary of the tokens.</param>
    /// <param name="atStart">
    /// True where the tokens begin a text: the one space that encoding put before it is taken off. False for what a model generates
    /// after a prompt, where a leading space separates two words.
    /// </param>
    public StreamingDetokenizer(ITokenizer tokenizer, bool atStart = false)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        _tokenizer = tokenizer;
        _stripSpace = atStart && tokenizer.AddSpacePrefix;
    }

    /// <summary>Text that the token completes; often a word, empty where a character is still incomplete.</summary>
    public string Append(int token)
    {
        ReadOnlySpan<byte> bytes = _tokenizer.TokenBytes(token);
        if (bytes.IsEmpty)
        {
            return "";
        }

        if (_stripSpace)
        {
            _stripSpace = false;
            bytes = bytes[0] == (byte)' ' ? bytes[1..] : bytes;
        }

        return Decode(bytes, flush: false);
    }

    /// <summary>U+FFFD where the sequence ended inside a character, else nothing. The detokenizer is as new in the middle of a text.</summary>
    public string Flush() => Decode([], flush: true);

    /// <summary>The text of a whole sequence, which begins a text.</summary>
    internal static string DecodeAll(ITokenizer tokenizer, ReadOnlySpan<int> tokens)
    {
        StreamingDetokenizer detokenizer = new(tokenizer, atStart: true);
        StringBuilder text = new();
        foreach (int token in tokens)
        {
            text.Append(detokenizer.Append(token));
        }

        return text.Append(detokenizer.Flush()).ToString();
    }

    private string Decode(ReadOnlySpan<byte> bytes, bool flush)
    {
        // A held-back prefix that turns out invalid adds one U+FFFD: GetMaxCharCount has that included.
        int maxChars = Encoding.UTF8.GetMaxCharCount(bytes.Length);
        Span<char> chars = maxChars <= 256 ? stackalloc char[maxChars] : new char[maxChars];
        return new string(chars[.._decoder.GetChars(bytes, chars, flush)]);
    }
}
