using System.Text;

namespace Halo.Inference.Tokenization;

/// <summary>
/// The fewest tokens that a text can have, known without cutting it up: no token stands for more bytes than the longest one. So a text that is
/// too long beyond doubt is refused at once, however long it is.
/// </summary>
public sealed class TokenCountBound
{
    // The longest UTF-8 character: the token for an unknown one stands for it without having bytes of its own.
    private const int LongestCharacterBytes = 4;

    private readonly int _longestTokenBytes;

    /// <summary>Looks through the whole vocabulary, so make one for each tokenizer and keep it.</summary>
    public TokenCountBound(ITokenizer tokenizer) => _longestTokenBytes = Math.Max(
        LongestCharacterBytes, Enumerable.Range(0, tokenizer.VocabularySize).Max(token => tokenizer.TokenBytes(token).Length));

    /// <summary>The text has at least this many tokens.</summary>
    public long LeastTokens(string text) => Encoding.UTF8.GetByteCount(text) / _longestTokenBytes;
}
